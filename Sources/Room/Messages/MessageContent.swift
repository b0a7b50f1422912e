internal import Chat
internal import Sodium

/// What a member says, before it is sealed for the group: a kind (one byte) and UTF-8 text.
package struct MessageContent: Sendable, Equatable {
    package enum Kind: UInt8, Sendable {
        case text = 0
        case action = 1
    }

    var kind: Kind
    var text: String

    package init(kind: Kind, text: String) {
        self.kind = kind
        self.text = text
    }

    package var encoded: [UInt8] {
        var bytes = [kind.rawValue]
        bytes.append(contentsOf: text.utf8)
        return bytes
    }

    /// - Throws: ``RoomError/malformed`` for an unknown kind, invalid UTF-8 or a text above the limit.
    init(decoding bytes: [UInt8]) throws(RoomError) {
        guard
            let first = bytes.first, let kind = Kind(rawValue: first),
            bytes.count <= 1 + ChatLimits.textByteCount,
            let text = String(validating: bytes[1...], as: UTF8.self)
        else { throw .malformed }
        self.init(kind: kind, text: text)
    }
}

/// What is in an envelope: words for people, a step of a check that programs make for them, or the offer of a file.
enum EnvelopeContent: Equatable {
    case said(MessageContent)
    case check(CheckMessage)
    /// The offer of a file, of which the room knows no more.
    case file(SecretContent)

    /// Stands where ``MessageContent/Kind`` does.
    private static let checkKind: UInt8 = 2
    private static let fileKind: UInt8 = 3

    var encoded: [UInt8] {
        switch self {
        case .said(let content): content.encoded
        case .check(let message): [Self.checkKind] + message.encoded
        case .file(let offer): offer.copy(behind: [Self.fileKind])
        }
    }

    /// Bytes of it, for the limit of what is under way.
    var byteCount: Int {
        switch self {
        case .said(let content): content.text.utf8.count
        case .check: 3 * CheckMessage.partByteCount
        case .file(let offer): offer.count
        }
    }

    init(decoding bytes: [UInt8]) throws(RoomError) {
        switch bytes.first {
        case Self.checkKind: self = .check(try CheckMessage(decoding: bytes[1...]))
        case Self.fileKind:
            guard bytes.count <= 1 + RoomLimits.offerByteCount else { throw .malformed }
            self = .file(SecretContent(copying: bytes.span.extracting(1..<bytes.count)))
        default: self = .said(try MessageContent(decoding: bytes))
        }
    }
}
