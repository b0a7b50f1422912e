import Chat
import EventLoop
import Glibc
import Logging
import Room
import SecureGroup
import SecureSession
import Sodium
import TermTalk

/// A room on a port of loopback or a Unix socket, with the product's host or relay behind it: neither rates nor numbers are limited.
enum BenchmarkHost {
    static func run(_ arguments: ArraySlice<String>, isRelay: Bool) throws {
        guard let address = arguments.first.flatMap({ BenchmarkAddress($0) }) else {
            throw BenchmarkError("host|relay PORT|unix:PATH [KEEP-SIZE]")
        }
        var limits = limits(isRelay: isRelay)
        if let size = arguments.dropFirst().first.flatMap(Int.init) { limits.logByteCount = size }
        let loop = try EventLoop()
        let node = try node(loop, limits)
        // It lets the others in, and opens what they say, where that can be.
        if !isRelay {
            node.joinLocally(
                MemberClient(nick: "", engine: RoomGroup(creator: nil, time: 1_000_000_000)), wallClock: { 0 })
        }
        // What is free goes back to the system before memory is measured.
        let trimming = loop.onSignal(SIGUSR1) { trim() }
        let listener = try SocketListener(address.listening, loop: loop) { node.accept($0) }
        loop.run()
        listener.close()
        withExtendedLifetime(trimming) {}
    }

    /// One of several relays that hold one room; prints a line when people can come in.
    static func share(_ arguments: ArraySlice<String>) throws {
        let words = Array(arguments)
        guard words.count == 3, let port = UInt16(words[0]) else {
            throw BenchmarkError("shared PORT STORE first|other")
        }
        let loop = try EventLoop()
        let node = try node(loop, limits(isRelay: true))
        let share = RoomShare(
            .init(location: try RedisLocation(parsing: words[1]), password: nil), name: "benchmark", loop: loop,
            tell: { print("{\"warning\":\"\($0.message)\"}") })
        share.onReady = {
            print("ready")
            fflush(nil)
        }
        share.start(node, isNew: words[2] == "first", key: SecretBytes(copying: [UInt8](repeating: 7, count: 32).span))
        let listener = try SocketListener(.ip("127.0.0.1", port: port), loop: loop) { node.accept($0) }
        loop.run()
        listener.close()
        withExtendedLifetime(share) {}
    }

    private static func node(_ loop: EventLoop, _ limits: RoomLimits) throws -> HostNode {
        var logger = Logger(label: "benchmark")
        logger.logLevel = .error
        var doorLimits = Door.Limits()
        doorLimits.gate.pending = 10_000
        doorLimits.gate.openBurst = .greatestFiniteMagnitude
        doorLimits.gate.inviteBurst = .greatestFiniteMagnitude
        return HostNode(
            loop: loop, identity: try BenchmarkRoom.identity(), limits: limits, closesAt: nil, doorLimits: doorLimits,
            logger: logger, tell: { _ in })
    }

    private static func limits(isRelay: Bool) -> RoomLimits {
        var limits = RoomLimits()
        limits.members = 0
        limits.isRelay = isRelay
        limits.messagesPerSecond = .greatestFiniteMagnitude
        limits.messageBurst = .greatestFiniteMagnitude
        limits.bytesPerSecond = .greatestFiniteMagnitude
        limits.byteBurst = .greatestFiniteMagnitude
        return limits
    }

    private static func trim() {
        typealias Trim = @convention(c) (Int) -> Int32
        guard let symbol = dlsym(nil, "malloc_trim") else { return }
        _ = unsafeBitCast(symbol, to: Trim.self)(0)
    }
}
