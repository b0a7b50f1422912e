internal import Sodium

/// What a Welcome says to the owner of one KeyPackage, opened and checked in itself (RFC 9420 section 12.4.3.1).
struct WelcomeOpening: ~Copyable {
    let groupInfo: GroupInfo
    let schedule: KeySchedule
    let secrets: GroupSecrets

    init(
        _ welcome: Welcome, for keyPackage: KeyPackage, initKey: borrowing X25519.PrivateKey, suite: CipherSuite,
        preSharedKeys: PreSharedKeys
    ) throws(MLSError) {
        let reference = keyPackage.reference(suite)
        guard welcome.cipherSuite == suite.identifier, keyPackage.cipherSuite == suite.identifier else {
            throw .unsupported
        }
        guard let entry = welcome.secrets.first(where: { $0.newMember == reference }) else { throw .cannotJoin }
        let plaintext = try suite.decryptWithLabel(
            privateKey: initKey, label: "Welcome", context: welcome.encryptedGroupInfo,
            kemOutput: entry.encryptedGroupSecrets.kemOutput, ciphertext: entry.encryptedGroupSecrets.ciphertext)
        let secrets = try GroupSecrets(decoding: plaintext)
        let identifiers = secrets.preSharedKeys
        let schedule = KeySchedule(
            suite: suite, joinerSecret: secrets.joinerSecret.clone(),
            preSharedKeySecret: try suite.preSharedKeySecret(try preSharedKeys.keys(identifiers)))
        let sealing = try suite.welcomeKey(schedule.welcomeSecret())
        let bytes = try suite.aead.open(
            welcome.encryptedGroupInfo, authenticating: [UInt8]().span, nonce: try sealing.nonce(),
            key: sealing.key.bytes)
        let groupInfo = try GroupInfo(received: bytes)
        try Self.check(identifiers, epoch: groupInfo.context.epoch)
        self.groupInfo = groupInfo
        self.schedule = schedule
        self.secrets = secrets
    }

    /// At most one key links the group to the one it continues, and then this is its first epoch.
    private static func check(_ identifiers: [PreSharedKeyID], epoch: UInt64) throws(MLSError) {
        guard Set(identifiers).count == identifiers.count else { throw .proposal(.duplicatePreSharedKey) }
        var links = 0
        for identifier in identifiers {
            guard identifier.nonce.count == CipherSuite.hashByteCount else { throw .proposal(.wrongNonceLength) }
            if case .resumption(let usage, _, _) = identifier.source, usage != .application { links += 1 }
        }
        guard links == 0 || links == 1 && epoch == 1 else { throw .proposal(.wrongResumptionUsage) }
    }
}
