import EventLoop
import Logging
import Room
import SecureGroup
import SecureSession
import TermTalk

/// A room on a port of loopback, with the product's host behind it: neither rates nor numbers are limited.
enum BenchmarkHost {
    static func run(_ arguments: ArraySlice<String>) throws {
        guard let port = arguments.first.flatMap(UInt16.init) else { throw BenchmarkError("host PORT") }
        let loop = try EventLoop()
        var logger = Logger(label: "benchmark")
        logger.logLevel = .error
        var limits = RoomLimits()
        limits.members = 0
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
        // It lets the others in; what they say is not for it to open.
        node.joinLocally(MemberClient(nick: "", engine: RoomGroup(creator: nil, time: 1_000_000_000)))
        let listener = try SocketListener(.ip("127.0.0.1", port: port), loop: loop) { node.accept($0) }
        loop.run()
        listener.close()
    }
}
