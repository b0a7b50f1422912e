/// What a host says about its room on a local network: the name of a service, which is an `AnnouncementTag`, and the strings of
/// its TXT record (RFC 6763, 6). The name is what services are known by before anybody asks for more, so whoever looks for one room
/// asks for no other, and there is one service at most for each tag that a host has made.
///
///     v=1                 always, and first
///     n=NAME r=ROOM       only of a room that is shown to everybody: a name for people, and the id to come in with
package struct RoomAnnouncement: Equatable, Sendable {
    /// What everybody may know.
    package struct Shown: Equatable, Sendable {
        /// As the host wrote it: not fit for a terminal.
        package let name: String
        package let room: String
    }

    private static let version = "v=1"
    /// UTF-8 bytes of a name: a line of a list.
    package static let nameLimit = 64
    /// Characters of a room's id.
    static let roomLimit = 64
    /// Strings that are looked at; there may be some that a later version knows.
    static let stringLimit = 16

    package let tag: AnnouncementTag
    /// Nil for a room that only those recognise who know its id.
    package let shown: Shown?

    /// A new announcement of a room.
    ///
    /// - Parameter name: what to show to everybody; nil to show nothing.
    package init(room: String, name: String?) {
        tag = AnnouncementTag(room: room)
        shown = name.map { Shown(name: $0, room: room) }
    }

    /// Reads the name and the strings of a TXT record; nil for anything that is no announcement of this version.
    package init?(name: String, strings: [[UInt8]]) {
        var values: [String: String] = [:]
        for string in strings.prefix(Self.stringLimit) {
            guard let text = String(validating: string, as: UTF8.self), let equals = text.firstIndex(of: "=") else {
                continue
            }
            // Of a key that is there twice the first counts (RFC 6763, 6.4).
            let key = text[..<equals].lowercased()
            if values[key] == nil { values[key] = String(text[text.index(after: equals)...]) }
        }
        guard values["v"] == "1", let tag = AnnouncementTag(name: name) else { return nil }
        self.tag = tag
        if let name = values["n"], let room = values["r"], !name.isEmpty, name.utf8.count <= Self.nameLimit,
            !room.isEmpty, room.utf8.count <= Self.roomLimit, tag.isOf(room: room)
        {
            shown = Shown(name: name, room: room)
        } else {
            shown = nil
        }
    }

    /// The strings of the TXT record.
    package var strings: [[UInt8]] {
        var strings = [Self.version]
        if let shown { strings += ["n=\(shown.name)", "r=\(shown.room)"] }
        return strings.map { Array($0.utf8) }
    }
}
