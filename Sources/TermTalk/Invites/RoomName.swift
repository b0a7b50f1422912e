package import Chat
internal import Sodium

/// The name of a room as people type it: 1 to 64 ASCII letters, digits, `.`, `_`, `-`.
package struct RoomName: Hashable, Sendable, CustomStringConvertible {
    /// Characters of the longest name.
    static let characterLimit = 64

    package let description: String

    /// The name `text`; nil when it has other characters or is too long.
    package init?(_ text: String) {
        let isAllowed = text.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-"):
                true
            default: false
            }
        }
        guard isAllowed, !text.isEmpty, text.utf8.count <= Self.characterLimit else { return nil }
        description = text
    }

    /// The name `text`, or what to tell the person who typed it.
    package init(checking text: String) throws(ChatEvent.Notice) {
        guard let room = RoomName(text) else {
            throw .roomNameInvalid(isPath: text.contains("/"))
        }
        self = room
    }

    /// A new name: 64 random bits in hex.
    package static func random() -> RoomName {
        guard let room = RoomName(Base16.encode(Random.bytes(8))) else { preconditionFailure("hex digits are a name") }
        return room
    }
}
