/// One connection to Redis for plain commands, any number of them under way. Sans-IO.
package struct RedisCommandSession: Sendable {
    private enum Phase: Sendable {
        case authenticating
        case ready
        case ended
    }

    private var phase: Phase
    private var underWay = 0
    private var reader: RESPReader

    /// A session whose answers have at most `byteLimit` bytes each, and the bytes that it begins with. `user` and `password` where Redis
    /// wants them.
    package static func begin(
        user: String?, password: [UInt8]?, byteLimit: Int
    ) -> (session: RedisCommandSession, bytes: [UInt8]) {
        let session = RedisCommandSession(
            phase: password == nil ? .ready : .authenticating, reader: RESPReader(byteLimit: byteLimit))
        return (session, password.map { RESPValue.authentication(user: user, password: $0) } ?? [])
    }

    private init(phase: Phase, reader: RESPReader) {
        self.phase = phase
        self.reader = reader
    }

    /// Whether commands can be sent: before its password was taken, Redis would carry them out for whoever it lets in without one.
    package var isReady: Bool {
        if case .ready = phase { true } else { false }
    }

    /// The bytes of a command.
    ///
    /// - Precondition: ready.
    package mutating func send(_ words: [[UInt8]]) -> [UInt8] {
        precondition(isReady, "nothing is sent before Redis has taken the password")
        underWay += 1
        return RESPValue.command(words)
    }

    /// Takes what has arrived, and returns an answer for each command, in their order.
    ///
    /// - Throws: ``RedisError``; the connection is of no use then.
    package mutating func received(_ bytes: [UInt8]) throws(RedisError) -> [RESPValue] {
        let values: [RESPValue]
        do throws(RESPError) {
            values = try reader.received(bytes)
        } catch {
            phase = .ended
            throw .malformed(error)
        }
        var answers: [RESPValue] = []
        for value in values {
            if let answer = try take(value) { answers.append(answer) }
        }
        return answers
    }

    private mutating func take(_ value: RESPValue) throws(RedisError) -> RESPValue? {
        switch (phase, value) {
        case (.authenticating, .text):
            phase = .ready
            return nil
        case (.authenticating, .error(let text)):
            phase = .ended
            throw .refused(text)
        case (.ready, _) where underWay > 0:
            underWay -= 1
            return value
        default:
            phase = .ended
            throw .unexpected
        }
    }
}
