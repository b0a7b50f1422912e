import ArgumentParser
import Glibc
internal import Sodium

/// The program `termtalk`.
@main
struct TermTalkCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "termtalk",
        abstract: "End-to-end-encrypted chat rooms on your own machine, reachable as Tor onion services.",
        discussion: """
            termtalk host                 open a room and print its invite
            termtalk join INVITE          go into a room
            termtalk say INVITE TEXT      deliver a message and leave
            termtalk send INVITE FILE     offer a file, and leave when it has arrived
            Without arguments, on a terminal, a menu asks what to do.
            """,
        version: "termtalk 0.1.0",
        subcommands: [
            HostCommand.self, JoinCommand.self, SayCommand.self, SendCommand.self, RoomsCommand.self,
            ConfigCommand.self,
            DoctorCommand.self, RoomCommandsCommand.self,
        ])

    static func main() {
        StandardOutput.reserveDescriptors()
        ProcessHardening.apply()
        Sandbox.enter()
        SodiumLibrary.initialize()
        let arguments = CommandLine.arguments.dropFirst()
        if arguments.first == "help", let mistake = UsageError(unknownCommand: arguments.dropFirst().first) {
            mistake.report()
            Glibc.exit(ExitStatusCode.usage)
        }
        do {
            var command = try parseAsRoot(nil)
            try command.run()
        } catch {
            if let usage = UsageError(error) {
                usage.report()
                Glibc.exit(ExitStatusCode.usage)
            }
            let (status, text) = (exitCode(for: error), fullMessage(for: error))
            if !text.isEmpty {
                if status.isSuccess { StandardOutput.print(text) } else { StandardError.write(text + "\n") }
            }
            Glibc.exit(status.rawValue)
        }
    }

    func run() throws {
        guard isatty(STDIN_FILENO) == 1, isatty(STDOUT_FILENO) == 1 else {
            StandardError.write(Self.helpMessage() + "\n")
            throw ExitCode(ExitStatusCode.usage)
        }
        try Menu.run()
    }
}
