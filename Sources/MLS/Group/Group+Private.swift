internal import Sodium
internal import Wire

extension Group {
    /// `data` for the member at `receiver` alone, encrypted to its leaf key and signed by us; the others of the group cannot
    /// read it. `authenticatedData` is not sent: both sides must know it.
    ///
    /// There is no forward secrecy within an epoch: it is the leaf key's, which Commits and Updates replace. Nothing stops
    /// a replay: what is said twice is for the caller to see.
    package func encryptPrivately(
        _ data: [UInt8], to receiver: LeafIndex, authenticatedData: [UInt8]
    ) throws(MLSError) -> [UInt8] {
        guard isActive else { throw .inactive }
        guard let leafNode = epoch.tree[receiver], receiver != ownLeaf else { throw .unknownMember }
        var plaintext = ByteWriter(reserving: data.count + 8)
        plaintext.writeVector(data)
        let padding = configuration.privatePadding.byteCount(for: plaintext.bytes.count)
        plaintext.writeBytes(repeatElement(0, count: padding))
        let context = PrivateText.context(
            groupID: groupID, epoch: epochNumber, sender: ownLeaf, receiver: receiver,
            authenticatedData: authenticatedData)
        let (kemOutput, ciphertext) = try suite.encryptWithLabel(
            publicKey: leafNode.encryptionKey, label: PrivateText.label, context: context,
            plaintext: plaintext.bytes.span)
        var text = PrivateText(
            epoch: epochNumber, sender: ownLeaf, receiver: receiver, kemOutput: kemOutput, ciphertext: ciphertext)
        text.signature = suite.signWithLabel(
            signingKey, label: PrivateText.label, content: text.toBeSigned(context: context))
        return text.encoded
    }

    /// What a member has encrypted for us alone, in this epoch or one of the last that are not forgotten.
    package func decryptPrivately(
        _ bytes: [UInt8], authenticatedData: [UInt8]
    ) throws(MLSError) -> ApplicationMessage {
        guard !wasRemoved else { throw .inactive }
        guard bytes.count <= Limits.maximumMessageByteCount else { throw .limitExceeded }
        let text = try PrivateText(received: bytes)
        if text.epoch == epochNumber {
            guard let key = epoch.keys.key(of: ownLeaf.node) else { throw .inactive }
            return try open(text, key, by: epoch.tree.signatureKey(of: text.sender), authenticatedData)
        }
        guard let past = pastEpochs.first(where: { $0.context.epoch == text.epoch }) else { throw .wrongEpoch }
        return try open(text, past.leafKey, by: past.signatureKey(of: text.sender), authenticatedData)
    }

    private func open(
        _ text: PrivateText, _ key: NodeKey, by signer: [UInt8]?, _ authenticatedData: [UInt8]
    ) throws(MLSError) -> ApplicationMessage {
        guard let signer, text.receiver == ownLeaf, text.sender != ownLeaf else { throw .unknownMember }
        let context = PrivateText.context(
            groupID: groupID, epoch: text.epoch, sender: text.sender, receiver: text.receiver,
            authenticatedData: authenticatedData)
        try suite.verifyWithLabel(
            publicKey: signer, label: PrivateText.label, content: text.toBeSigned(context: context),
            signature: text.signature)
        let plaintext = try suite.decryptWithLabel(
            privateKey: key.privateKey, label: PrivateText.label, context: context, kemOutput: text.kemOutput,
            ciphertext: text.ciphertext)
        let data = try plaintext.withBytes { (bytes) throws(MLSError) in try Self.withoutPadding(bytes) }
        return ApplicationMessage(
            sender: text.sender, signatureKey: signer, epoch: text.epoch, generation: 0, data: data,
            authenticatedData: authenticatedData)
    }

    private static func withoutPadding(_ bytes: Span<UInt8>) throws(MLSError) -> [UInt8] {
        var copy: [UInt8] = []
        copy.reserveCapacity(bytes.count)
        for index in bytes.indices {
            copy.append(bytes[index])
        }
        do throws(WireError) {
            var reader = ByteReader(copy)
            let data = try reader.readOpaque()
            guard try reader.readBytes(reader.remaining).allSatisfy({ $0 == 0 }) else { throw .invalidValue }
            return data
        } catch {
            throw .invalidPadding
        }
    }
}
