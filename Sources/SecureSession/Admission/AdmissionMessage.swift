internal import CPace
package import Wire

/// The messages of a password room before somebody may join (docs/protocol.md, "Passwords"): CPace, and its confirmation.
package enum AdmissionMessage: Sendable, Equatable {
    /// From a member: its share.
    case share([UInt8])
    /// From a member: shows that it has the password.
    case tag([UInt8])
    /// From the host: its share.
    case answer([UInt8])
    /// From the host: shows that it has the password, too.
    case confirmed([UInt8])

    private enum MessageType {
        static let share: UInt8 = 0x70
        static let tag: UInt8 = 0x71
        static let answer: UInt8 = 0x78
        static let confirmed: UInt8 = 0x79
    }

    /// Types from here on belong to the admission, lower ones to the room.
    private static let firstType: UInt8 = 0x70

    package static func isAdmission(type: UInt8) -> Bool { type >= firstType }

    package var encoded: EncodedMessage { EncodedMessage(type: type, body: body) }

    var type: UInt8 {
        switch self {
        case .share: MessageType.share
        case .tag: MessageType.tag
        case .answer: MessageType.answer
        case .confirmed: MessageType.confirmed
        }
    }

    /// The bytes without any frame: their number is the type's.
    var body: [UInt8] {
        switch self {
        case .share(let bytes), .tag(let bytes), .answer(let bytes), .confirmed(let bytes): bytes
        }
    }

    /// - Throws: ``SessionError/malformed``.
    package init(type: UInt8, body: [UInt8]) throws(SessionError) {
        switch (type, body.count) {
        case (MessageType.share, CPaceSuite.shareByteCount): self = .share(body)
        case (MessageType.tag, CPaceSuite.tagByteCount): self = .tag(body)
        case (MessageType.answer, CPaceSuite.shareByteCount): self = .answer(body)
        case (MessageType.confirmed, CPaceSuite.tagByteCount): self = .confirmed(body)
        default: throw .malformed
        }
    }
}
