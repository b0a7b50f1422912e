/// One connection to Redis: commands to bytes, bytes to replies. Sans-IO.
package struct RedisSession: Sendable {
    package enum Event: Hashable, Sendable {
        /// Commands can be sent.
        case ready
        case reply(StoreReply)
    }

    private enum Phase: Sendable {
        case authenticating
        case loading(RedisScriptHashes)
        case ready(RedisScriptHashes)
        case waiting(RedisScriptHashes, RedisCommandKind)
        case ended
    }

    /// SHA-1 in hexadecimal digits: it is sent with each command.
    private static let hashByteCount = 40

    private let keys: [[UInt8]]
    private var phase: Phase
    private var reader = RESPReader()

    /// A session for the room with that name of keys, and the bytes that it begins with. `user` and `password` where Redis wants them.
    ///
    /// The keys have a hash tag, so that they stay together in a cluster.
    package static func begin(
        room: String, user: String?, password: [UInt8]?
    ) -> (session: RedisSession, bytes: [UInt8]) {
        let keys = keys(ofRoom: room)
        var bytes: [UInt8] = []
        if let password { bytes += RESPValue.authentication(user: user, password: password) }
        for script in RedisScript.allCases {
            bytes += RESPValue.command([Array("SCRIPT".utf8), Array("LOAD".utf8), Array(script.text.utf8)])
        }
        let session = RedisSession(keys: keys, isAuthenticating: password != nil)
        return (session, bytes)
    }

    /// All that a room has in Redis.
    package static func keys(ofRoom room: String) -> [[UInt8]] {
        ["log", "epoch", "snapshot", "round", "new"].map { Array("termtalk:{\(room)}:\($0)".utf8) }
    }

    private init(keys: [[UInt8]], isAuthenticating: Bool) {
        self.keys = keys
        phase = isAuthenticating ? .authenticating : .loading(RedisScriptHashes())
    }

    /// The bytes of a command.
    ///
    /// - Precondition: ready, and no other command under way.
    package mutating func send(_ command: StoreCommand) -> [UInt8] {
        guard case .ready(let hashes) = phase else { preconditionFailure("one command is under way at a time") }
        let request = RedisRequest(command)
        phase = .waiting(hashes, request.kind)
        guard let script = request.script else {
            return RESPValue.command([Array("HGET".utf8), keys[2], Array("bytes".utf8)])
        }
        return RESPValue.command(
            [Array("EVALSHA".utf8), hashes[script], Array("\(keys.count)".utf8)] + keys + request.arguments)
    }

    /// Takes what has arrived.
    ///
    /// - Throws: ``RedisError``; the connection is of no use then.
    package mutating func received(_ bytes: [UInt8]) throws(RedisError) -> [Event] {
        let values: [RESPValue]
        do throws(RESPError) {
            values = try reader.received(bytes)
        } catch {
            phase = .ended
            throw .malformed(error)
        }
        var events: [Event] = []
        for value in values {
            if let event = try take(value) { events.append(event) }
        }
        return events
    }

    private mutating func take(_ value: RESPValue) throws(RedisError) -> Event? {
        switch (phase, value) {
        case (.authenticating, .text):
            phase = .loading(RedisScriptHashes())
            return nil
        case (.authenticating, .error(let text)), (.loading, .error(let text)):
            phase = .ended
            throw .refused(text)
        case (.loading(var hashes), .bytes(let hash?)) where hash.count == Self.hashByteCount:
            hashes.append(hash)
            guard hashes.isComplete else {
                phase = .loading(hashes)
                return nil
            }
            phase = .ready(hashes)
            return .ready
        case (.waiting(let hashes, let kind), _):
            phase = .ready(hashes)
            return .reply(kind.reply(value))
        default:
            phase = .ended
            throw .unexpected
        }
    }
}
