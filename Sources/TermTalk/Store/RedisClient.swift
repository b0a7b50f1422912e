internal import EventLoop
package import SharedLog

/// Plain commands to Redis, for an owner that asks now and then: it connects when something is asked, and stays connected.
///
/// Nothing is asked twice: of a command that fails it is not known whether it was carried out. Whoever asks again does so later.
package final class RedisClient {
    package typealias Completion = (Result<RESPValue, RedisFailure>) -> Void

    /// How many commands may be under way: many more than anybody has reason for.
    static let commandLimit = 64
    /// The longest answer in bytes.
    static let answerByteLimit = 1 << 20

    private struct Command {
        let words: [[UInt8]]
        let deadline: TimerHandle
        let completion: Completion
    }

    private let loop: EventLoop
    private let location: RedisLocation
    private let password: RedisPassword?
    private let answerTimeout: Duration
    private let dial: RedisConnection.Dial?
    private var connection: RedisConnection?
    private var session: RedisCommandSession?
    /// What is not answered; the first `sent` of them were sent.
    private var commands: [Command] = []
    private var sent = 0

    /// `answerTimeout` from when something is asked, connecting included; `dial` where Redis is not dialed straight.
    init(
        loop: EventLoop, location: RedisLocation, password: RedisPassword?,
        answerTimeout: Duration = ReplicaPace.answerTimeout, dial: RedisConnection.Dial? = nil
    ) {
        self.dial = dial
        self.loop = loop
        self.location = location
        self.password = password
        self.answerTimeout = answerTimeout
    }

    deinit {
        close()
    }

    /// Sends a command. `then` is called once, in a later turn, unless ``close()`` is called before; an error of Redis is
    /// ``RedisFailure/refused(_:)``.
    func ask(_ words: [[UInt8]], then: @escaping Completion) {
        guard commands.count < Self.commandLimit else {
            return loop.atEndOfTurn { then(.failure(.overloaded)) }
        }
        let deadline = loop.schedule(after: answerTimeout) { [weak self] in self?.failed(.timedOut) }
        commands.append(Command(words: words, deadline: deadline, completion: then))
        if connection == nil { connect() } else { sendWaiting() }
    }

    /// Forgets what is under way, and closes the connection. The client may be used again.
    func close() {
        for command in drop() { command.deadline.cancel() }
    }

    private func connect() {
        connection = RedisConnection(to: location, loop: loop, dial: dial) { [weak self] in
            self?.opened()
        } onReceived: { [weak self] bytes in
            self?.received(bytes)
        } onClosed: { [weak self] failure in
            self?.failed(failure)
        }
    }

    private func opened() {
        let (session, bytes) = RedisCommandSession.begin(
            user: location.user, password: password?.word, byteLimit: Self.answerByteLimit)
        self.session = session
        if !bytes.isEmpty { connection?.write(bytes) }
        sendWaiting()
    }

    private func sendWaiting() {
        while session?.isReady == true, sent < commands.count {
            guard let bytes = session?.send(commands[sent].words) else { return }
            sent += 1
            connection?.write(bytes)
        }
    }

    private func received(_ bytes: [UInt8]) {
        let answers: [RESPValue]
        do throws(RedisError) {
            answers = try session?.received(bytes) ?? []
        } catch {
            return failed(RedisFailure(error))
        }
        let answered = commands.prefix(answers.count)
        commands.removeFirst(answered.count)
        sent -= answered.count
        for (command, answer) in zip(answered, answers) {
            command.deadline.cancel()
            if case .error(let text) = answer {
                command.completion(.failure(.refused(text)))
            } else {
                command.completion(.success(answer))
            }
        }
        sendWaiting()
    }

    private func failed(_ failure: RedisFailure) {
        for command in drop() {
            command.deadline.cancel()
            command.completion(.failure(failure))
        }
    }

    private func drop() -> [Command] {
        connection?.close()
        connection = nil
        session = nil
        sent = 0
        defer { commands = [] }
        return commands
    }
}
