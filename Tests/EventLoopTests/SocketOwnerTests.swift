import Foundation
import TestSupport
import Testing

@testable import EventLoop

struct SocketOwnerTests {
    private static let own = SocketOwner.user(geteuid())

    /// Connects, and gives what `look` makes of the connection as soon as the other side has spoken.
    private static func look<Result>(at address: SocketAddress, _ look: @escaping (SocketStream) -> Result) throws
        -> Result?
    {
        var result: Result?
        try LoopTest.run { test in
            test.loop.connect(to: address, timeout: .seconds(20)) { outcome in
                guard case .success(let stream) = outcome else { return test.loop.stop() }
                test.record(stream).onReceived = { _ in
                    result = look(stream)
                    test.loop.stop()
                }
            }
        }
        return result
    }

    @Test func ownProcess() throws {
        let path = "/tmp/termtalk-owner-\(UUID().uuidString.prefix(8))"
        for listening in [SocketAddress.ip("127.0.0.1", port: 0), .ip("::1", port: 0), .unix(path: path)] {
            var owner: SocketOwner?
            try LoopTest.run { test in
                let listener = try SocketListener(listening, loop: test.loop) { stream in
                    test.record(stream)
                    stream.write("x")
                }
                test.loop.connect(to: listener.localAddress, timeout: .seconds(20)) { result in
                    guard case .success(let stream) = result else { return test.loop.stop() }
                    test.record(stream).onReceived = { _ in
                        owner = stream.peerOwner
                        listener.close()
                        test.loop.stop()
                    }
                }
            }
            #expect(owner == Self.own, "\(listening)")
        }
    }

    /// Nobody has accepted yet: whoever will is not known.
    @Test func beforeItIsAccepted() throws {
        let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(listener) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let port = try withUnsafeMutablePointer(to: &address) { pointer in
            try pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
                try #require(bind(listener, pointer, length) == 0 && listen(listener, 1) == 0)
                try #require(getsockname(listener, pointer, &length) == 0)
                return try #require(SocketAddress(copying: pointer, length: length)?.port)
            }
        }
        var owner: SocketOwner?
        try LoopTest.run { test in
            test.loop.connect(to: .ip("127.0.0.1", port: port), timeout: .seconds(20)) { result in
                owner = (try? result.get())?.peerOwner
                test.loop.stop()
            }
        }
        #expect(owner == .unknown)
    }

    /// Where the kernel does not answer, its tables do; they know the same.
    @Test(arguments: ["127.0.0.1", "::1"]) func bothWaysOfAsking(_ host: String) throws {
        var answers: [uid_t?] = []
        try LoopTest.run { test in
            let listener = try SocketListener(.ip(host, port: 0), loop: test.loop) { stream in
                test.record(stream)
                stream.write("x")
            }
            test.loop.connect(to: listener.localAddress, timeout: .seconds(20)) { result in
                guard case .success(let stream) = result else { return test.loop.stop() }
                test.record(stream).onReceived = { _ in
                    if let local = stream.localAddress, let remote = stream.remoteAddress,
                        let here = try? RawSocketAddress(local), let there = try? RawSocketAddress(remote),
                        let ends = SocketDiagnosis.Ends(local: there, remote: here),
                        let reversed = SocketDiagnosis.Ends(local: here, remote: here)
                    {
                        answers = [SocketDiagnosis.readTable(ends), SocketDiagnosis.readTable(reversed)]
                        if case .owner(let user) = SocketDiagnosis.ask(ends) { answers.append(user) }
                    }
                    listener.close()
                    test.loop.stop()
                }
            }
        }
        #expect(answers.first == geteuid())
        #expect(answers.count > 1 && answers[1] == nil)
        #expect(answers.dropFirst(2).allSatisfy { $0 == geteuid() })
    }

    @Test(.enabled(if: NobodyProcess.isAvailable, Comment(rawValue: NobodyProcess.need)), arguments: [false, true])
    func anotherUser(isUnix: Bool) throws {
        let folder = "/tmp/termtalk-owner-\(UUID().uuidString.prefix(8))"
        try FileManager.default.createDirectory(
            atPath: folder, withIntermediateDirectories: false, attributes: [.posixPermissions: 0o777])
        chmod(folder, 0o777)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let other = try NobodyProcess(
            """
            import os, socket, sys
            if sys.argv[1]:
                os.umask(0)
                listener = socket.socket(socket.AF_UNIX)
                listener.bind(sys.argv[1])
            else:
                listener = socket.create_server(("127.0.0.1", 0))
            listener.listen()
            print(0 if sys.argv[1] else listener.getsockname()[1], flush=True)
            peer = listener.accept()[0]
            peer.sendall(b"x")
            peer.recv(1)
            """, isUnix ? "\(folder)/socket" : "")
        let port = try #require(UInt16(try other.line()))
        let address = isUnix ? SocketAddress.unix(path: "\(folder)/socket") : .ip("127.0.0.1", port: port)
        #expect(try Self.look(at: address, \.peerOwner) == .user(NobodyProcess.user))
    }

    /// It takes the connection, and leaves the port to us before it speaks.
    @Test(.enabled(if: NobodyProcess.isAvailable, Comment(rawValue: NobodyProcess.need)))
    func anotherUserWhoListensNoMore() throws {
        let other = try NobodyProcess(
            """
            import socket
            listener = socket.create_server(("127.0.0.1", 0))
            print(listener.getsockname()[1], flush=True)
            peer = listener.accept()[0]
            listener.close()
            print("closed", flush=True)
            input()
            peer.sendall(b"x")
            peer.recv(1)
            """)
        let address = SocketAddress.ip("127.0.0.1", port: try #require(UInt16(try other.line())))
        var owner: SocketOwner?
        try LoopTest.run { test in
            test.loop.connect(to: address, timeout: .seconds(20)) { result in
                guard case .success(let stream) = result, (try? other.line()) == "closed",
                    let listener = try? SocketListener(address, loop: test.loop, onAccept: { _ in })
                else { return test.loop.stop() }
                try? other.write("speak")
                test.record(stream).onReceived = { _ in
                    owner = stream.peerOwner
                    listener.close()
                    test.loop.stop()
                }
            }
        }
        #expect(owner == .user(NobodyProcess.user))
    }
}
