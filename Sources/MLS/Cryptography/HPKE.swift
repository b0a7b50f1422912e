package import Sodium
internal import Wire

/// Hybrid public key encryption (RFC 9180), base mode, with DHKEM(X25519, HKDF-SHA256) and HKDF-SHA256.
package struct HPKE: Sendable {
    /// DHKEM(X25519, HKDF-SHA256) in the registry.
    static let kemIdentifier: UInt16 = 0x0020
    /// HKDF-SHA256 in the registry.
    static let kdfIdentifier: UInt16 = 0x0001
    /// Base mode: no sender key, no pre-shared key.
    private static let mode: UInt8 = 0x00

    private let aead: any AEADAlgorithm

    /// HPKE whose contexts seal with `aead`.
    package init(aead: any AEADAlgorithm) {
        self.aead = aead
    }

    /// What a sender gets: the bytes for the receiver, and the context.
    package struct Sender: ~Copyable {
        /// The KEM output, `enc`.
        package let kemOutput: [UInt8]
        /// Seals for the receiver.
        package var context: HPKEContext
    }

    /// SetupBaseS (section 5.1.1). `ephemeral` is for vectors only; without it the key is new.
    package func setupSender(
        publicKey: [UInt8], info: [UInt8], ephemeral: consuming X25519.PrivateKey = X25519.PrivateKey()
    ) throws(MLSError) -> Sender {
        let kemOutput = ephemeral.publicKey.bytes
        let shared = try Self.sharedSecret(
            ephemeral, with: publicKey, kemContext: kemOutput + publicKey)
        return Sender(kemOutput: kemOutput, context: try schedule(shared, info: info))
    }

    /// SetupBaseR (section 5.1.1).
    package func setupReceiver(
        kemOutput: [UInt8], privateKey: borrowing X25519.PrivateKey, info: [UInt8]
    ) throws(MLSError) -> HPKEContext {
        let shared = try Self.sharedSecret(
            privateKey, with: kemOutput, kemContext: kemOutput + privateKey.publicKey.bytes)
        return try schedule(shared, info: info)
    }

    /// DeriveKeyPair (section 7.1.3).
    package static func deriveKeyPair(_ inputKey: borrowing SecretBytes) throws(MLSError) -> X25519.PrivateKey {
        let derivation = LabeledDerivation(suiteIdentifier: kemSuite)
        let prk = derivation.extract(salt: SecretBytes(count: 0), label: "dkp_prk", inputKey: inputKey)
        let bytes = try derivation.expand(prk, label: "sk", info: [], count: X25519.byteCount)
        do throws(SodiumError) {
            return try X25519.PrivateKey(copying: bytes)
        } catch {
            throw .cryptography(error)
        }
    }

    private static let kemSuite = [UInt8]("KEM".utf8) + kemIdentifier.bigEndianBytes

    /// Encap and Decap (section 4.1).
    private static func sharedSecret(
        _ own: borrowing X25519.PrivateKey, with peer: [UInt8], kemContext: [UInt8]
    ) throws(MLSError) -> SecretBytes {
        let agreed: SecretBytes
        do throws(SodiumError) {
            agreed = try own.sharedSecret(with: X25519.PublicKey(peer))
        } catch {
            throw .cryptography(error)
        }
        let derivation = LabeledDerivation(suiteIdentifier: kemSuite)
        let prk = derivation.extract(salt: SecretBytes(count: 0), label: "eae_prk", inputKey: agreed)
        return try derivation.expand(prk, label: "shared_secret", info: kemContext, count: X25519.byteCount)
    }

    /// KeySchedule (section 5.1) without a pre-shared key.
    private func schedule(_ shared: borrowing SecretBytes, info: [UInt8]) throws(MLSError) -> HPKEContext {
        let suite =
            [UInt8]("HPKE".utf8) + Self.kemIdentifier.bigEndianBytes + Self.kdfIdentifier.bigEndianBytes
            + aead.identifier.bigEndianBytes
        let derivation = LabeledDerivation(suiteIdentifier: suite)
        let none = SecretBytes(count: 0)
        let identifierHash = derivation.extract(salt: none, label: "psk_id_hash", inputKey: none)
        let infoHash = derivation.extract(salt: none, label: "info_hash", inputKey: SecretBytes(copying: info.span))
        var context = [Self.mode]
        identifierHash.withBytes { bytes in context += [UInt8](copying: bytes) }
        infoHash.withBytes { bytes in context += [UInt8](copying: bytes) }
        let secret = derivation.extract(salt: shared, label: "secret", inputKey: none)
        let baseNonce = try derivation.expand(
            secret, label: "base_nonce", info: context, count: aead.keyByteCount == 0 ? 0 : aead.nonceByteCount)
        return HPKEContext(
            aead: aead, derivation: derivation,
            key: try derivation.expand(secret, label: "key", info: context, count: aead.keyByteCount),
            baseNonce: baseNonce.withBytes { bytes in [UInt8](copying: bytes) },
            exporterSecret: try derivation.expand(
                secret, label: "exp", info: context, count: CipherSuite.hashByteCount))
    }
}

extension UInt16 {
    /// I2OSP(self, 2).
    var bigEndianBytes: [UInt8] { [UInt8(self >> 8), UInt8(self & 0xff)] }
}
