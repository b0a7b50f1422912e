import EventLoop
import Foundation
import Testing

@Suite struct SocketListenerTests {
    /// Listens, connects, and returns what arrived at both ends.
    private func exchange(at address: SocketAddress) throws -> (String, String, SocketAddress) {
        var request = ""
        var answer = ""
        var local: SocketAddress?
        try LoopTest.run { test in
            var listener: SocketListener?
            listener = try SocketListener(address, loop: test.loop) { stream in
                let recorder = test.record(stream)
                recorder.onReceived = { _ in
                    request = recorder.received.text
                    stream.write("answer")
                    stream.closeAfterWriting()
                }
            }
            let found = try #require(listener?.localAddress)
            local = found
            test.loop.connect(to: found, timeout: .seconds(20)) { result in
                guard case .success(let stream) = result else {
                    Issue.record("\(result)")
                    return test.loop.stop()
                }
                let recorder = test.record(stream)
                stream.write("request")
                recorder.onClosed = { _ in
                    answer = recorder.received.text
                    listener?.close()
                    test.loop.stop()
                }
            }
        }
        return (request, answer, try #require(local))
    }

    @Test(arguments: ["127.0.0.1", "::1"]) func tcp(host: String) throws {
        let (request, answer, local) = try exchange(at: .ip(host, port: 0))
        #expect(request == "request" && answer == "answer")
        #expect(local.port != 0)
        #expect(local == .ip(host, port: local.port ?? 0))
    }

    @Test func unixSocket() throws {
        let path = temporaryPath()
        let (request, answer, local) = try exchange(at: .unix(path: path))
        #expect(request == "request" && answer == "answer")
        #expect(local == .unix(path: path))
        #expect(!FileManager.default.fileExists(atPath: path))
    }

    @Test func unixSocketIsForThisUserOnly() throws {
        let path = temporaryPath()
        let loop = try EventLoop()
        let listener = try SocketListener(.unix(path: path), loop: loop) { _ in }
        var status = stat()
        #expect(lstat(path, &status) == 0)
        #expect(status.st_mode & 0o7777 == 0o600)
        listener.close()
        #expect(lstat(path, &status) != 0)
    }

    @Test func staleSocketIsReplacedAndALiveOneIsNot() throws {
        let path = temporaryPath()
        let loop = try EventLoop()
        let listener = try SocketListener(.unix(path: path), loop: loop) { _ in }
        #expect(throws: ListenError.addressInUse) { try SocketListener(.unix(path: path), loop: loop) { _ in } }
        // What a killed process leaves: the name lives on, nobody listens.
        let stale = temporaryPath()
        #expect(rename(path, stale) == 0)
        let successor = try SocketListener(.unix(path: path), loop: loop) { _ in }
        listener.close()
        #expect(FileManager.default.fileExists(atPath: path), "close removed a file it did not make")
        successor.close()
        let second = try SocketListener(.unix(path: stale), loop: loop) { _ in }
        second.close()
        #expect(!FileManager.default.fileExists(atPath: stale))
    }

    @Test func otherFilesAreLeftAlone() throws {
        let path = temporaryPath()
        try Data("precious".utf8).write(to: URL(filePath: path))
        defer { unlink(path) }
        let loop = try EventLoop()
        #expect(throws: ListenError.pathOccupied) { try SocketListener(.unix(path: path), loop: loop) { _ in } }
        #expect(try Data(contentsOf: URL(filePath: path)) == Data("precious".utf8))
    }

    @Test(arguments: [
        (SocketAddress.ip("localhost", port: 1), ListenError.invalidAddress),
        (.ip("", port: 1), .invalidAddress),
        (.ip("127.1", port: 1), .invalidAddress),
        (.ip("[::1]", port: 1), .invalidAddress),
        (.ip("fe80::1%nosuchinterface", port: 1), .invalidAddress),
        (.ip("::1%", port: 1), .invalidAddress),
        (.ip("192.0.2.1", port: 0), .addressNotAvailable),
        (.unix(path: ""), .invalidAddress),
        (.unix(path: "/nosuchdirectory/socket"), .addressNotAvailable),
        (.unix(path: "/tmp/" + String(repeating: "x", count: 103)), .pathTooLong),
    ])
    func errors(address: SocketAddress, error: ListenError) throws {
        let loop = try EventLoop()
        #expect(throws: error) { try SocketListener(address, loop: loop) { _ in } }
    }

    @Test func zeroInAPath() throws {
        let loop = try EventLoop()
        #expect(throws: ListenError.invalidAddress) {
            try SocketListener(.unix(path: "/tmp/a\0b"), loop: loop) { _ in }
        }
    }

    @Test func theLongestPath() throws {
        let path = "/tmp/" + String(UInt64.random(in: .min ... .max)) + "-"
        let longest = path + String(repeating: "x", count: 107 - path.utf8.count)
        let (request, answer, local) = try exchange(at: .unix(path: longest))
        #expect(request == "request" && answer == "answer")
        #expect(local == .unix(path: longest))
    }

    @Test(arguments: ["127.0.0.1", "::1"]) func addressInUse(host: String) throws {
        let loop = try EventLoop()
        let listener = try SocketListener(.ip(host, port: 0), loop: loop) { _ in }
        #expect(throws: ListenError.addressInUse) { try SocketListener(listener.localAddress, loop: loop) { _ in } }
        let address = listener.localAddress
        listener.close()
        try SocketListener(address, loop: loop) { _ in }.close()
    }

    @Test func sixIsNotFour() throws {
        var failure: ConnectError?
        try LoopTest.run { test in
            let listener = try SocketListener(.ip("::", port: 0), loop: test.loop) { _ in }
            let port = try #require(listener.localAddress.port)
            test.loop.connect(to: .ip("127.0.0.1", port: port), timeout: .seconds(20)) { result in
                if case .failure(let error) = result { failure = error }
                listener.close()
                test.loop.stop()
            }
        }
        #expect(failure == .refused)
    }

    @Test func fiveHundredConnections() throws {
        let count = 500
        var accepted = 0
        var echoed = 0
        try LoopTest.run { test in
            let listener = try SocketListener(.ip("127.0.0.1", port: 0), loop: test.loop) { stream in
                accepted += 1
                test.record(stream).onReceived = { stream.write($0) }
            }
            for number in 0..<count {
                test.loop.connect(to: listener.localAddress, timeout: .seconds(25)) { result in
                    guard case .success(let stream) = result else {
                        Issue.record("\(result)")
                        return test.loop.stop()
                    }
                    let message = "connection \(number)"
                    let recorder = test.record(stream)
                    recorder.onReceived = { _ in
                        guard recorder.received.text == message else { return }
                        echoed += 1
                        if echoed == count {
                            listener.close()
                            test.loop.stop()
                        }
                    }
                    stream.write(message)
                }
            }
        }
        #expect(accepted == count && echoed == count)
    }

    @Test func closeInsideOnAccept() throws {
        var accepted = 0
        try LoopTest.run { test in
            var listener: SocketListener?
            listener = try SocketListener(.unix(path: temporaryPath()), loop: test.loop) { _ in
                accepted += 1
                listener?.close()
                listener = nil
                test.loop.schedule(after: .milliseconds(5)) { test.loop.stop() }
            }
            let address = try #require(listener?.localAddress)
            for _ in 0..<3 { test.loop.connect(to: address, timeout: .seconds(20)) { _ in } }
        }
        #expect(accepted == 1)
    }

    /// In a process of its own, whose limit it lowers.
    @Test func noDescriptorsLeft() async {
        await #expect(processExitsWith: .success) {
            let loop = try EventLoop()
            var held: [SocketStream] = []
            var clients: [Int32] = []
            var stoppedAt = 0
            var hasServedAgain = false
            let path = "/tmp/loop-\(getpid())"
            let listener = try SocketListener(.unix(path: path), loop: loop) { stream in
                held.append(stream)
                if stoppedAt > 0 {
                    hasServedAgain = true
                    loop.stop()
                }
            }
            for _ in 0..<40 {
                let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
                var address = sockaddr_un()
                address.sun_family = sa_family_t(AF_UNIX)
                withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
                let code = withUnsafePointer(to: &address) {
                    $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                        connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
                    }
                }
                if code != 0 { exit(2) }
                clients.append(descriptor)
            }
            // Room for about ten of the forty; all descriptors up to the highest client are taken.
            var limit = rlimit()
            getrlimit(Int32(RLIMIT_NOFILE.rawValue), &limit)
            limit.rlim_cur = rlim_t((clients.last ?? 0) + 11)
            setrlimit(Int32(RLIMIT_NOFILE.rawValue), &limit)

            var turnedAway = 0
            func look() {
                var byte: UInt8 = 0
                turnedAway = clients.count { recv($0, &byte, 1, Int32(MSG_DONTWAIT)) == 0 }
                guard turnedAway + held.count == 40 else { return _ = loop.schedule(after: .milliseconds(20), look) }
                stoppedAt = held.count
                if !(1..<40).contains(stoppedAt) { exit(3) }
                // Room again: a new connection is served once the listener has rested.
                for stream in held { stream.close() }
                held = []
                loop.connect(to: listener.localAddress, timeout: .seconds(60)) { result in
                    if case .success(let stream) = result { held.append(stream) } else { exit(5) }
                }
            }
            look()
            loop.schedule(after: .seconds(90)) { exit(turnedAway == 0 ? 4 : 6) }
            loop.run()
            if !hasServedAgain { exit(7) }
        }
    }
}
