internal import Sodium

/// LabeledExtract and LabeledExpand (RFC 9180 section 4) under one suite_id.
struct LabeledDerivation: Sendable {
    /// What separates the KEM, and each suite of HPKE, from the others.
    let suiteIdentifier: [UInt8]

    func extract(salt: borrowing SecretBytes, label: String, inputKey: borrowing SecretBytes) -> SecretBytes {
        let prefix = [UInt8]("HPKE-v1".utf8) + suiteIdentifier + label.utf8
        var hmac = salt.withBytes { salt in HMACSHA256(key: salt) }
        hmac.update(prefix.span)
        inputKey.withBytes { bytes in hmac.update(bytes) }
        return hmac.finalizeSecret()
    }

    func expand(
        _ key: borrowing SecretBytes, label: String, info: [UInt8], count: Int
    ) throws(MLSError) -> SecretBytes {
        guard let length = UInt16(exactly: count) else { throw .misuse }
        let labeled = length.bigEndianBytes + "HPKE-v1".utf8 + suiteIdentifier + label.utf8 + info
        do throws(SodiumError) {
            return try HKDFSHA256.expand(key, info: labeled.span, count: count)
        } catch {
            throw .cryptography(error)
        }
    }
}
