import ArgumentParser
import Glibc
internal import Room
internal import TermTalk
internal import TerminalUI

struct RoomsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rooms", abstract: "List the rooms that this machine knows of.")

    @Flag(help: "One JSON object a line.")
    var json = false

    func run() throws {
        let now = WallTime.seconds
        let (rooms, warning) = RoomRegistry(directories: UserDirectories()).rooms(now: now)
        if let warning {
            StandardError.report(warning)
        }
        if rooms.isEmpty, warning == nil, !json {
            StandardError.write("no room is hosted on this machine now; to go into another one: termtalk join INVITE\n")
        }
        for room in rooms {
            StandardOutput.print(json ? JSONRoomList.line(for: room) : Self.line(for: room, now: now))
        }
        if let warning {
            throw ExitCode(ExitStatus(warning.code).rawValue)
        }
    }

    /// The ids of the rooms, for completion.
    static var names: [String] {
        RoomRegistry(directories: UserDirectories()).rooms(now: WallTime.seconds).0.map(\.room)
    }

    private static func line(for room: RoomRegistry.Entry, now: Int64) -> String {
        let lifetime = room.expires.map { "expires in \(DurationText.words(seconds: $0 - now))" } ?? "expires never"
        return Sanitizer.sanitize("\(room.room)  \(room.transport)  \(room.address)  \(lifetime)", as: .line)
    }
}
