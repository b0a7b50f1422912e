import ArgumentParser
internal import TerminalUI

/// Prints the commands of a room, for the manual page.
struct RoomCommandsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "room-commands", abstract: "Print the commands of a room, one JSON object a line.",
        shouldDisplay: false)

    func run() {
        for entry in RoomCommandTable.entries {
            for form in entry.forms {
                StandardOutput.print(
                    JSONRecord.line([
                        ("name", entry.name), ("arguments", form.arguments), ("help", form.help),
                        ("audience", entry.audience.rawValue),
                    ]))
            }
        }
    }
}
