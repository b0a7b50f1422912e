import ArgumentParser
internal import Chat
internal import TerminalUI

/// A command line that cannot be used, told in the form of all errors.
struct UsageError {
    private let reason: String
    private var arguments: ArraySlice<String> { CommandLine.arguments.dropFirst() }

    /// Nil when `error` is another one, or no error: help and version come this way, too.
    init?(_ error: any Error) {
        // What this program throws itself has been reported already, and has no message.
        let message = TermTalkCommand.message(for: error)
        guard TermTalkCommand.exitCode(for: error) == .validationFailure, !message.isEmpty else { return nil }
        let lines = message.split(whereSeparator: \.isNewline)
        guard var line = lines.first.map(String.init) else { return nil }
        if line.hasSuffix(":") {
            // The values that there are, each in a line of its own.
            let values = lines.dropFirst().prefix { $0.hasPrefix("  - ") }.map { $0.dropFirst(4) }
            line += " " + values.joined(separator: ", ")
        }
        if let mistake = Self(unknownCommand: CommandLine.arguments.dropFirst().first) {
            self = mistake
        } else {
            reason = line.hasSuffix(".") ? String(line.dropLast()) : line
        }
    }

    /// Nil when `name` is a command, or no word at all.
    init?(unknownCommand name: String?) {
        let names = TermTalkCommand.configuration.subcommands.compactMap { $0.configuration.commandName }
        guard let name, !name.hasPrefix("-"), name != "help", !names.contains(name) else { return nil }
        let meant = Suggestion.nearest(to: name, in: names).map { ". Did you mean '\($0)'?" } ?? ""
        reason = "there is no command '\(Sanitizer.sanitize(name, as: .line))'\(meant)"
    }

    /// Writes it for people or, where the command line asks for that, for machines.
    func report() {
        let command = TermTalkCommand.configuration.subcommands
            .compactMap { $0.configuration.commandName }.first { arguments.first == $0 }
        let notice = ChatEvent.Notice(
            .usage, "the command line cannot be used: \(reason)",
            hint: "see termtalk help" + (command.map { " \($0)" } ?? ""))
        StandardError.report(notice, json: arguments.contains("--json"))
    }
}
