import EventLoop
import Foundation
import Testing

@Suite struct ConnectTests {
    private func error(_ address: SocketAddress, timeout: Duration = .seconds(20)) throws -> ConnectError? {
        var failure: ConnectError?
        try LoopTest.run { test in
            test.loop.connect(to: address, timeout: timeout) { result in
                if case .failure(let error) = result { failure = error }
                test.loop.stop()
            }
            #expect(failure == nil, "the completion came from inside connect")
        }
        return failure
    }

    @Test func refused() throws {
        let loop = try EventLoop()
        let listener = try SocketListener(.ip("127.0.0.1", port: 0), loop: loop) { _ in }
        listener.close()
        #expect(try error(listener.localAddress) == .refused)
    }

    @Test func pathErrors() throws {
        #expect(try error(.unix(path: temporaryPath())) == .noSuchPath)
        #expect(try error(.unix(path: "")) == .invalidAddress)
        #expect(try error(.unix(path: String(repeating: "x", count: 108))) == .invalidAddress)
        let path = temporaryPath()
        try Data().write(to: URL(filePath: path))
        defer { unlink(path) }
        #expect(try error(.unix(path: path)) == .refused)
    }

    @Test func noNumericAddress() throws {
        #expect(try error(.ip("localhost", port: 80)) == .invalidAddress)
    }

    /// A listener that never accepts, with no room left in its queue.
    private func withFullListener(_ kind: SocketKind, _ body: (SocketAddress) throws -> Void) throws {
        let path = temporaryPath()
        let listener = socket(kind == .tcp ? AF_INET : AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        var fillers: [Int32] = []
        defer {
            for descriptor in fillers + [listener] { close(descriptor) }
            unlink(path)
        }
        var storage = sockaddr_storage()
        var length = socklen_t(MemoryLayout<sockaddr_un>.size)
        withUnsafeMutableBytes(of: &storage) { bytes in
            if kind == .tcp {
                var address = sockaddr_in()
                address.sin_family = sa_family_t(AF_INET)
                address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
                length = socklen_t(MemoryLayout<sockaddr_in>.size)
                bytes.storeBytes(of: address, as: sockaddr_in.self)
            } else {
                bytes.storeBytes(of: sa_family_t(AF_UNIX), as: sa_family_t.self)
                for (index, byte) in path.utf8.enumerated() { bytes[2 + index] = byte }
            }
        }
        let address = try withUnsafeMutablePointer(to: &storage) { pointer in
            try pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
                try #require(bind(listener, pointer, length) == 0)
                try #require(listen(listener, 0) == 0)
                length = socklen_t(MemoryLayout<sockaddr_storage>.size)
                try #require(getsockname(listener, pointer, &length) == 0)
                for _ in 0..<4 {
                    let type = Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue)
                    fillers.append(socket(Int32(pointer.pointee.sa_family), type, 0))
                    _ = connect(try #require(fillers.last), pointer, length)
                }
                return try #require(SocketAddress(copying: pointer, length: length))
            }
        }
        try body(address)
    }

    @Test(arguments: SocketKind.allCases) func timesOut(kind: SocketKind) throws {
        try withFullListener(kind) { address in
            let failure = try error(address, timeout: .milliseconds(50))
            #expect(failure == .timedOut)
        }
    }

    @Test(arguments: SocketKind.allCases) func cancelledAttemptStaysSilent(kind: SocketKind) throws {
        var calls = 0
        try withFullListener(kind) { address in
            try LoopTest.run { test in
                let early = test.loop.connect(to: address, timeout: .milliseconds(5)) { _ in calls += 1 }
                early.cancel()
                let late = test.loop.connect(to: address, timeout: .milliseconds(5)) { _ in calls += 1 }
                test.loop.atEndOfTurn {
                    late.cancel()
                    late.cancel()
                    test.loop.schedule(after: .milliseconds(20)) { test.loop.stop() }
                }
            }
        }
        #expect(calls == 0)
    }

    @Test func addressesOfBothEnds() throws {
        try LoopTest.run { test in
            var accepted: SocketStream?
            let listener = try SocketListener(.ip("127.0.0.1", port: 0), loop: test.loop) { stream in
                accepted = stream
                test.record(stream)
                stream.write("x")
            }
            test.loop.connect(to: listener.localAddress, timeout: .seconds(20)) { result in
                guard case .success(let stream) = result else { return test.loop.stop() }
                test.record(stream).onReceived = { _ in
                    #expect(stream.remoteAddress == listener.localAddress)
                    #expect(accepted?.remoteAddress == stream.localAddress)
                    #expect(stream.localAddress?.port != nil)
                    listener.close()
                    test.loop.stop()
                }
            }
        }
    }

    @Test func descriptions() {
        #expect("\(SocketAddress.ip("127.0.0.1", port: 5))" == "127.0.0.1:5")
        #expect("\(SocketAddress.ip("::1", port: 5))" == "[::1]:5")
        #expect("\(SocketAddress.unix(path: "/a"))" == "unix:/a")
    }
}
