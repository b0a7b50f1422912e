import EventLoop
import Glibc
import Logging
import Room
import SecureGroup
import SecureSession
import TermTalk

/// A room on a port of loopback, with the product's host or relay behind it: neither rates nor numbers are limited.
enum BenchmarkHost {
    static func run(_ arguments: ArraySlice<String>, isRelay: Bool) throws {
        guard let port = arguments.first.flatMap(UInt16.init) else {
            throw BenchmarkError("host|relay PORT [KEEP-SIZE]")
        }
        let loop = try EventLoop()
        var logger = Logger(label: "benchmark")
        logger.logLevel = .error
        var limits = RoomLimits()
        limits.members = 0
        limits.isRelay = isRelay
        if let size = arguments.dropFirst().first.flatMap(Int.init) { limits.logByteCount = size }
        limits.messagesPerSecond = .greatestFiniteMagnitude
        limits.messageBurst = .greatestFiniteMagnitude
        limits.bytesPerSecond = .greatestFiniteMagnitude
        limits.byteBurst = .greatestFiniteMagnitude
        var doorLimits = Door.Limits()
        doorLimits.gate.pending = 10_000
        doorLimits.gate.openBurst = .greatestFiniteMagnitude
        doorLimits.gate.inviteBurst = .greatestFiniteMagnitude
        let node = HostNode(
            loop: loop, identity: try BenchmarkRoom.identity(), limits: limits, closesAt: nil, doorLimits: doorLimits,
            logger: logger, tell: { _ in })
        // It lets the others in, and opens what they say, where that can be.
        if !isRelay {
            node.joinLocally(
                MemberClient(nick: "", engine: RoomGroup(creator: nil, time: 1_000_000_000)), wallClock: { 0 })
        }
        // What is free goes back to the system before memory is measured.
        let trimming = loop.onSignal(SIGUSR1) { trim() }
        let listener = try SocketListener(.ip("127.0.0.1", port: port), loop: loop) { node.accept($0) }
        loop.run()
        listener.close()
        withExtendedLifetime(trimming) {}
    }

    private static func trim() {
        typealias Trim = @convention(c) (Int) -> Int32
        guard let symbol = dlsym(nil, "malloc_trim") else { return }
        _ = unsafeBitCast(symbol, to: Trim.self)(0)
    }
}
