internal import Sodium
internal import Wire

/// A cipher suite of MLS (RFC 9420 section 5.1): DHKEM(X25519, HKDF-SHA256), SHA-256, Ed25519, and an AEAD.
package struct CipherSuite: Sendable {
    /// The number in the registry of MLS (section 17.1).
    package let identifier: CipherSuiteID
    /// What seals messages, and content under HPKE.
    let aead: any AEADAlgorithm

    /// MLS_128_DHKEMX25519_CHACHA20POLY1305_SHA256_Ed25519, the one suite of rooms.
    package static let x25519ChaChaPoly = CipherSuite(identifier: .x25519ChaChaPoly, aead: ChaCha20Poly1305())

    /// A suite with this number and another AEAD.
    package init(identifier: CipherSuiteID, aead: some AEADAlgorithm) {
        self.identifier = identifier
        self.aead = aead
    }

    /// The length of a hash, a MAC and a secret in bytes: KDF.Nh.
    package static let hashByteCount = SHA256.digestByteCount

    /// The hash of the suite.
    func hash(_ bytes: [UInt8]) -> [UInt8] {
        SHA256.hash(bytes.span)
    }

    /// The MAC of the suite (section 5.1): HMAC.
    func mac(_ message: [UInt8], key: borrowing SecretBytes) -> [UInt8] {
        key.withBytes { key in HMACSHA256.authenticate(message.span, key: key) }
    }

    /// KDF.Extract.
    func extract(salt: borrowing SecretBytes, inputKey: borrowing SecretBytes) -> SecretBytes {
        salt.withBytes { salt in inputKey.withBytes { inputKey in HKDFSHA256.extract(salt: salt, inputKey: inputKey) } }
    }

    /// KDF.Expand.
    func expand(
        _ secret: borrowing SecretBytes, info: [UInt8], count: Int
    ) throws(MLSError) -> SecretBytes {
        do throws(SodiumError) {
            return try HKDFSHA256.expand(secret, info: info.span, count: count)
        } catch {
            throw .cryptography(error)
        }
    }

    /// ExpandWithLabel (section 8). `count` fits in 16 bits and is at most 255 hashes.
    func expandWithLabel(
        _ secret: borrowing SecretBytes, label: String, context: [UInt8], count: Int
    ) throws(MLSError) -> SecretBytes {
        guard let length = UInt16(exactly: count) else { throw .misuse }
        var info = ByteWriter()
        info.write(length)
        info.writeVector(Self.labelled(label))
        info.writeVector(context)
        return try expand(secret, info: info.bytes, count: count)
    }

    /// DeriveSecret (section 8).
    func deriveSecret(_ secret: borrowing SecretBytes, label: String) throws(MLSError) -> SecretBytes {
        try expandWithLabel(secret, label: label, context: [], count: Self.hashByteCount)
    }

    /// RefHash (section 5.2). The label stands as it is.
    func refHash(label: String, value: [UInt8]) -> [UInt8] {
        var writer = ByteWriter(reserving: value.count + 64)
        writer.writeVector(label.utf8)
        writer.writeVector(value)
        return hash(writer.bytes)
    }

    /// MakeKeyPackageRef (section 5.2) of an encoded KeyPackage.
    func keyPackageReference(_ keyPackage: [UInt8]) -> [UInt8] {
        refHash(label: "MLS 1.0 KeyPackage Reference", value: keyPackage)
    }

    /// MakeProposalRef (section 5.2) of an encoded AuthenticatedContent.
    func proposalReference(_ authenticatedContent: [UInt8]) -> [UInt8] {
        refHash(label: "MLS 1.0 Proposal Reference", value: authenticatedContent)
    }

    /// "MLS 1.0 " and a label.
    static func labelled(_ label: String) -> [UInt8] {
        [UInt8]("MLS 1.0 ".utf8) + label.utf8
    }
}
