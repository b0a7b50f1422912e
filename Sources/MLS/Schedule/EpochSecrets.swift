internal import Sodium

/// The secrets of one epoch (RFC 9420 section 8, table 4). The encryption secret leaves with the secret tree.
struct EpochSecrets: ~Copyable {
    let senderDataSecret: SecretBytes
    let exporterSecret: SecretBytes
    let epochAuthenticator: SecretBytes
    let externalSecret: SecretBytes
    let confirmationKey: SecretBytes
    let membershipKey: SecretBytes
    let resumptionSecret: SecretBytes
    let initSecret: SecretBytes
    private var encryptionSecret: SecretBytes?

    /// DeriveSecret for each of them.
    init(suite: CipherSuite, epochSecret: borrowing SecretBytes) throws(MLSError) {
        let senderDataSecret = try suite.deriveSecret(epochSecret, label: "sender data")
        let encryptionSecret = try suite.deriveSecret(epochSecret, label: "encryption")
        let exporterSecret = try suite.deriveSecret(epochSecret, label: "exporter")
        let epochAuthenticator = try suite.deriveSecret(epochSecret, label: "authentication")
        let externalSecret = try suite.deriveSecret(epochSecret, label: "external")
        let confirmationKey = try suite.deriveSecret(epochSecret, label: "confirm")
        let membershipKey = try suite.deriveSecret(epochSecret, label: "membership")
        let resumptionSecret = try suite.deriveSecret(epochSecret, label: "resumption")
        let initSecret = try suite.deriveSecret(epochSecret, label: "init")
        self.senderDataSecret = senderDataSecret
        self.encryptionSecret = consume encryptionSecret
        self.exporterSecret = exporterSecret
        self.epochAuthenticator = epochAuthenticator
        self.externalSecret = externalSecret
        self.confirmationKey = confirmationKey
        self.membershipKey = membershipKey
        self.resumptionSecret = resumptionSecret
        self.initSecret = initSecret
    }

    /// Gives away the root of the secret tree, once.
    mutating func takeEncryptionSecret() throws(MLSError) -> SecretBytes {
        guard let secret = encryptionSecret.take() else { throw .misuse }
        return secret
    }

    /// The key pair that external Commits and nobody else encrypt to (section 8.3).
    func externalKeyPair(suite: CipherSuite) throws(MLSError) -> X25519.PrivateKey {
        try suite.deriveKeyPair(externalSecret)
    }

    /// MLS-Exporter (section 8.5). The label is ASCII, the context is hashed.
    func export(
        suite: CipherSuite, label: String, context: [UInt8], count: Int
    ) throws(MLSError) -> SecretBytes {
        let derived = try suite.deriveSecret(exporterSecret, label: label)
        return try suite.expandWithLabel(derived, label: "exported", context: suite.hash(context), count: count)
    }
}
