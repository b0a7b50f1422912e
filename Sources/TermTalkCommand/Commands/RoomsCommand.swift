import ArgumentParser
internal import Chat
internal import Configuration
import Glibc
internal import TermTalk
internal import TerminalUI

struct RoomsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rooms", abstract: "List the rooms that this machine knows of.")

    @Flag(help: "One JSON object a line.")
    var json = false

    @Flag(help: "Also those that are announced on this network.")
    var lan = false

    @OptionGroup var registry: RegistryOptions
    @OptionGroup var configuration: ConfigurationFlags

    func run() throws {
        let now = WallTime.seconds
        let (rooms, warning) = RoomRegistry(directories: UserDirectories()).rooms(now: now)
        if let warning {
            StandardError.report(warning)
        }
        if rooms.isEmpty, warning == nil, !json, !lan, registry.registry == nil {
            StandardError.write("no room is hosted on this machine now; to go into another one: termtalk join INVITE\n")
        }
        if !json, let kept = Self.text(ofKept: KeptRoomStore(directories: UserDirectories()).names) {
            StandardError.write("\(kept)\n")
        }
        for room in rooms {
            StandardOutput.print(json ? JSONRoomList.line(for: room) : Self.line(for: room, now: now))
        }
        if lan { try listLAN() }
        if registry.registry != nil { try listRegistry() }
        if let warning {
            throw ExitCode(ExitStatus(warning.code).rawValue)
        }
    }

    /// Says which rooms are kept on this machine; nil where none is.
    static func text(ofKept names: [String]) -> String? {
        names.isEmpty
            ? nil : "kept here: \(names.joined(separator: ", ")); termtalk host --persist NAME goes on with one"
    }

    /// The ids of the rooms, for completion.
    static var names: [String] {
        RoomRegistry(directories: UserDirectories()).rooms(now: WallTime.seconds).0.map(\.room)
    }

    private func listLAN() throws {
        do throws(ChatEvent.Notice) {
            let found = try LANRooms.find()
            for room in found.shown { StandardOutput.print(json ? JSONRoomList.line(for: room) : Self.line(for: room)) }
            if found.hiddenCount > 0 {
                StandardError.write(
                    "\(found.hiddenCount) more show no name: termtalk join ROOM --lan finds those whose id you know\n")
            }
        } catch {
            StandardError.report(error)
            throw ExitCode(ExitStatus(error.code).rawValue)
        }
    }

    private func listRegistry() throws {
        do throws(ChatEvent.Notice) {
            guard let access = try registry.access() else { return }
            let mayShowAddress = try configuration.settings().isOn(.joinDirect)
            let found = try RegistryRooms.find(access, mayShowAddress: mayShowAddress)
            for room in found.rooms { StandardOutput.print(json ? JSONRoomList.line(for: room) : Self.line(for: room)) }
            if !found.isWhole { StandardError.write("there are more\n") }
        } catch {
            StandardError.report(error)
            throw ExitCode(ExitStatus(error.code).rawValue)
        }
    }

    private static func line(for room: RegistryListing) -> String {
        let address = room.record.addresses.first
        return Sanitizer.sanitize(
            "\(room.room)  \(address?.kind.rawValue ?? "")  \(address?.text ?? "")  \(room.name)", as: .line)
    }

    private static func line(for room: LANRooms.Shown) -> String {
        Sanitizer.sanitize("\(room.room)  lan  \(room.address)  \(room.name)", as: .line)
    }

    private static func line(for room: RoomRegistry.Entry, now: Int64) -> String {
        let lifetime = room.expires.map { "expires in \(DurationText.words(seconds: $0 - now))" } ?? "expires never"
        return Sanitizer.sanitize("\(room.room)  \(room.transport)  \(room.address)  \(lifetime)", as: .line)
    }
}
