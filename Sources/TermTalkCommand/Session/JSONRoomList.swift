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
        /// What a room on the local network shows to everybody.
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

    private static func text(_ line: Line) -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        guard let data = try? encoder.encode(line) else { return "{}" }
        return String(decoding: data, as: UTF8.self)
    }
}
