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
        for room in rooms {
            StandardOutput.print(json ? JSONRoomList.line(for: room) : Self.line(for: room, now: now))
        }
        if let warning {
            throw ExitCode(ExitStatus(warning.code).rawValue)
        }
    }

    private static func line(for room: RoomRegistry.Entry, now: Int64) -> String {
        let lifetime = room.expires.map { "expires in \($0 - now)s" } ?? "expires never"
        return Sanitizer.sanitize("\(room.room)  \(room.transport)  \(room.address)  \(lifetime)", as: .line)
    }
}
