internal import Chat
internal import FoundationEssentials
internal import TermTalk
internal import TerminalUI

/// `termtalk rooms --json`.
enum JSONRoomList {
    private struct Line: Encodable {
        var room: String
        var transport: String
        var address: String
        var host_key: String?
        var expires: String?
        /// What a room shows to everybody, on the local network or in a registry.
        var name: String?
    }

    static func line(for entry: RoomRegistry.Entry) -> String {
        text(
            Line(
                room: entry.room, transport: entry.transport, address: entry.address, host_key: entry.hostKey,
                expires: entry.expires.map { WallClock.text(seconds: $0) }))
    }

    static func line(for room: LANRooms.Shown) -> String {
        text(
            Line(
                room: room.room, transport: "lan", address: room.address,
                name: Sanitizer.sanitize(room.name, as: .line)))
    }

    static func line(for room: RegistryListing) -> String {
        text(
            Line(
                room: room.room.description, transport: room.record.addresses.first?.kind.rawValue ?? "",
                address: room.record.addresses.first?.text ?? "", host_key: room.record.hostKey.text,
                expires: room.record.endsAt.map { WallClock.text(seconds: $0) },
                name: Sanitizer.sanitize(room.name, as: .line)))
    }

    private static func text(_ line: Line) -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        guard let data = try? encoder.encode(line) else { return "{}" }
        return String(decoding: data, as: UTF8.self)
    }
}
