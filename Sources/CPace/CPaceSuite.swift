package import Sodium

/// CPACE-RISTR255-SHA512: the byte strings of draft-irtf-cfrg-cpace and the functions that the suite defines on them.
package enum CPaceSuite {
    /// Bytes of a share, an encoded element of ristretto255.
    package static let shareByteCount = Ristretto255.byteCount
    /// Bytes of a tag that confirms.
    package static let tagByteCount = HMACSHA512.byteCount

    private static let domain = Array("CPaceRistretto255".utf8)
    private static let keyDomain = Array("CPaceRistretto255_ISK".utf8)
    private static let confirmationDomain = Array("CPaceMac".utf8)
    /// s_in_bytes, the block of SHA-512: the password fills the first one, whatever its length.
    private static let blockByteCount = 128

    // MARK: Byte strings (appendix A)

    /// `prepend_len`'s prefix: the length as unsigned LEB128.
    package static func lengthPrefix(_ count: Int) -> [UInt8] {
        var rest = UInt(count)
        var bytes: [UInt8] = []
        repeat {
            let low = UInt8(rest & 0x7f)
            rest >>= 7
            bytes.append(rest == 0 ? low : low | 0x80)
        } while rest != 0
        return bytes
    }

    /// `lv_cat`: all parts, each with its length before it.
    package static func concatenate(_ parts: [UInt8]...) -> [UInt8] {
        parts.reduce(into: []) { $0 += lengthPrefix($1.count) + $1 }
    }

    /// `transcript_ir`: what both have sent, the initiator's first.
    package static func transcript(
        initiator: [UInt8], _ initiatorData: [UInt8], responder: [UInt8], _ responderData: [UInt8]
    ) -> [UInt8] {
        concatenate(initiator, initiatorData) + concatenate(responder, responderData)
    }

    // MARK: Functions of the suite

    /// `calculate_generator` (section 7.3): an encoded element that only those who know the password can compute.
    package static func generator(_ context: borrowing CPaceContext) -> SecretBytes {
        let prefix = lengthPrefix(context.password.count)
        let domain = concatenate(Self.domain)
        let padding = [UInt8](
            repeating: 0,
            count: max(0, blockByteCount - 1 - domain.count - prefix.count - context.password.count))
        var hash = SHA512()
        hash.update(domain.span)
        hash.update(prefix.span)
        context.password.withBytes { hash.update($0) }
        hash.update(concatenate(padding, context.channelIdentifier, context.sessionID).span)
        let uniform = hash.finalizeSecret()
        guard let element = try? Ristretto255.element(fromHash: uniform) else {
            preconditionFailure("SHA-512 has 64 bytes")
        }
        return element
    }

    /// ISK of the ordered setting: `H(lv_cat(DSI, sid, K) | transcript)`.
    static func sessionKey(sessionID: [UInt8], shared: borrowing SecretBytes, transcript: [UInt8]) -> SecretBytes {
        var hash = SHA512()
        hash.update(concatenate(keyDomain, sessionID).span)
        hash.update(lengthPrefix(shared.count).span)
        shared.withBytes { hash.update($0) }
        hash.update(transcript.span)
        return hash.finalizeSecret()
    }

    /// The tag by which the sender of `share` shows that it has the key (section 10.4): HMAC-SHA512 under
    /// `H("CPaceMac" | sid | ISK)` of what it has sent.
    static func tag(
        sessionKey: borrowing SecretBytes, sessionID: [UInt8], share: [UInt8], data: [UInt8]
    ) -> [UInt8] {
        var hash = SHA512()
        hash.update(confirmationDomain.span)
        hash.update(sessionID.span)
        sessionKey.withBytes { hash.update($0) }
        let key = hash.finalizeSecret()
        return key.withBytes { HMACSHA512.authenticate(concatenate(share, data).span, key: $0) }
    }
}
