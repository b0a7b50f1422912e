internal import FoundationEssentials
internal import TermTalk
internal import TerminalUI

/// `termtalk rooms --json`.
enum JSONRoomList {
    private struct Line: Encodable {
        var room: String
        var transport: String
        var address: String
        var host_key: String
        var expires: String?
    }

    static func line(for entry: RoomRegistry.Entry) -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        let line = Line(
            room: entry.room, transport: entry.transport, address: entry.address, host_key: entry.hostKey,
            expires: entry.expires.map { WallClock.text(seconds: $0) })
        guard let data = try? encoder.encode(line) else { return "{}" }
        return String(decoding: data, as: UTF8.self)
    }
}
