import Foundation
import Synchronization

/// The program itself as a child process, with pipes; killed when this value goes.
///
/// One thread starts it, reads what it writes, and reaps it; the kernel kills the child when that thread ends.
final class TermTalkProcess: Sendable {
    /// What the process has for standard input.
    enum Input {
        case pipe
        case file(String)
        static let null = file("/dev/null")
    }

    /// What a test waited for did not come.
    struct Missing: Error, CustomStringConvertible {
        let description: String
    }

    /// A process that has ended.
    struct Result: Sendable {
        /// As a shell gives it: 128 and the signal for a process that a signal ended.
        var status: Int32
        var events: [ProgramEvent]
        var output: [String]
        var errors: [String]

        func events(_ name: String) -> [ProgramEvent] { events.filter { $0.event == name } }
    }

    /// How long a test waits for anything; the machine may be busy with many tests.
    static let patience = 150.0

    private let process: RunningProcess
    private let writing = DispatchQueue(label: "stdin")

    /// Starts `termtalk` with `arguments`.
    ///
    /// - Parameters:
    ///   - environment: variables besides those of `home`, or in their place.
    ///   - user: the id of the user to run as; needs root.
    convenience init(
        _ arguments: [String], home: TestHome, environment: [String: String] = [:], input: Input = .pipe,
        user: uid_t? = nil
    ) throws {
        try self.init(
            program: Self.binary(), arguments, home: home, environment: environment, input: input, user: user)
    }

    /// Starts another program in the same way.
    init(
        program: String, _ arguments: [String], home: TestHome, environment: [String: String] = [:],
        input: Input = .null, user: uid_t? = nil
    ) throws {
        var command = ["/usr/bin/setpriv", "--pdeathsig", "KILL"]
        if let user { command += ["--reuid", "\(user)", "--regid", "\(user)", "--clear-groups"] }
        process = try RunningProcess(
            command + [program] + arguments, environment: home.environment.merging(environment) { $1 }, home: home,
            input: input)
    }

    deinit {
        process.send(SIGKILL)
        writing.async { [process] in process.closeInput() }
    }

    /// Beside the test bundle, or where TERMTALK_BINARY says.
    static func binary() throws -> String {
        if let path = ProcessInfo.processInfo.environment["TERMTALK_BINARY"] { return path }
        let bundle = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        return URL(filePath: bundle).deletingLastPathComponent().appending(path: "termtalk").path
    }

    // MARK: Input

    /// Sends a line; returns at once.
    func send(_ line: String) {
        write(line + "\n")
    }

    /// Sends text as it is; returns at once.
    func write(_ text: String) {
        writing.async { [process] in process.writeInput(Array(text.utf8)) }
    }

    /// Ends the input, after what was sent before.
    func closeInput() {
        writing.async { [process] in process.closeInput() }
    }

    func signal(_ number: Int32) {
        process.send(number)
    }

    var pid: pid_t? { process.pid }

    // MARK: Output

    /// Waits for an event, among all that came and will come, or among those from number `start` on.
    @discardableResult
    func event(
        _ name: String, from start: Int = 0, seconds: Double = patience,
        where matches: (ProgramEvent) -> Bool = { _ in true }
    ) async throws -> ProgramEvent {
        var next = start
        return try await process.wait(for: "event \(name)", seconds: seconds) { state in
            while next < state.events.count {
                let event = state.events[next]
                next += 1
                if event.event == name, matches(event) { return event }
            }
            return nil
        }
    }

    /// Waits until this member has heard of each of `others` that has come in: what it says before, they cannot read.
    func knows(_ others: [TermTalkProcess]) async throws {
        for other in others where other !== self {
            let id = try await other.event("joined-room").member
            _ = try await process.wait(for: "word of \(id ?? "nobody")", seconds: Self.patience) { state in
                state.events.contains { event in
                    event.event == "member-joined" && event.id == id
                        || event.event == "joined-room" && event.members?.contains { $0.id == id } == true
                } ? true : nil
            }
        }
    }

    /// Waits until `count` events of that name have come; returns them.
    @discardableResult
    func events(
        _ name: String, count: Int, seconds: Double = patience, where matches: (ProgramEvent) -> Bool = { _ in true }
    ) async throws -> [ProgramEvent] {
        var next = 0
        var found: [ProgramEvent] = []
        return try await process.wait(for: "\(count) events \(name)", seconds: seconds) { state in
            while next < state.events.count {
                let event = state.events[next]
                next += 1
                if event.event == name, matches(event) { found.append(event) }
            }
            return found.count >= count ? found : nil
        }
    }

    /// How many events have come; for `event(_:from:)`.
    var eventCount: Int { process.look { $0.events.count } }

    /// All events so far.
    var eventsSoFar: [ProgramEvent] { process.look { $0.events } }

    /// All of standard output so far, as lines.
    var outputSoFar: [String] { process.look { $0.output } }

    /// All of standard error so far, as lines.
    var errorsSoFar: [String] { process.look { $0.errors } }

    /// Waits for a line of standard output.
    @discardableResult
    func line(seconds: Double = patience, where matches: (String) -> Bool) async throws -> String {
        try await process.wait(for: "a line of stdout", seconds: seconds) { $0.output.first(where: matches) }
    }

    /// Waits for a line of standard error.
    @discardableResult
    func errorLine(seconds: Double = patience, where matches: (String) -> Bool) async throws -> String {
        try await process.wait(for: "a line of stderr", seconds: seconds) { $0.errors.first(where: matches) }
    }

    /// Waits for a line, from number `start` on; returns its number.
    func line(
        ofErrors: Bool, from start: Int, _ what: String, seconds: Double = patience, where matches: (String) -> Bool
    ) async throws -> Int {
        try await process.wait(for: what, seconds: seconds) { state in
            let lines = ofErrors ? state.errors : state.output
            return lines.indices.dropFirst(start).first { matches(lines[$0]) }
        }
    }

    /// Waits until the process has ended.
    func result(seconds: Double = patience) async throws -> Result {
        try await process.wait(for: "end", seconds: seconds) { state in
            state.status.map { Result(status: $0, events: state.events, output: state.output, errors: state.errors) }
        }
    }

    /// Runs the program to its end.
    static func run(
        _ arguments: [String], home: TestHome, environment: [String: String] = [:], input: Input = .null,
        user: uid_t? = nil, seconds: Double = patience
    ) async throws -> Result {
        let process = try TermTalkProcess(
            arguments, home: home, environment: environment, input: input, user: user)
        return try await process.result(seconds: seconds)
    }
}
