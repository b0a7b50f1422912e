internal import Wire

/// What two members tell each other privately to compare words (docs/protocol.md, "Comparing words").
enum CheckMessage: Equatable {
    /// A check begins: the commitment to a nonce.
    case begin([UInt8])
    /// The commitment of the one who was asked, and the one that it answers.
    case answer([UInt8], to: [UInt8])
    /// The nonce, and the receiver's commitment: never sent before that has come.
    case reveal([UInt8], to: [UInt8])

    /// Bytes of a nonce, and of a commitment.
    static let partByteCount = 32

    private enum Form: UInt8 {
        case begin = 0
        case answer, reveal
    }

    var encoded: [UInt8] {
        switch self {
        case .begin(let commitment): [Form.begin.rawValue] + commitment
        case .answer(let commitment, let other): [Form.answer.rawValue] + commitment + other
        case .reveal(let nonce, let other): [Form.reveal.rawValue] + nonce + other
        }
    }

    /// - Throws: ``RoomError/malformed``.
    init(decoding bytes: ArraySlice<UInt8>) throws(RoomError) {
        do throws(WireError) {
            var reader = ByteReader(bytes)
            guard let form = Form(rawValue: try reader.readUInt8()) else { throw WireError.invalidValue }
            let part = try reader.readBytes(Self.partByteCount)
            self =
                switch form {
                case .begin: .begin(part)
                case .answer: .answer(part, to: try reader.readBytes(Self.partByteCount))
                case .reveal: .reveal(part, to: try reader.readBytes(Self.partByteCount))
                }
            try reader.finish()
        } catch {
            throw .malformed
        }
    }
}
