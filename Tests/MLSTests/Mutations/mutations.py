"""Rules of RFC 9420 that implementers miss, and how each is broken: name, rule, file, code, and the code that breaks it
where MUTANT is true. One without a file is part of the code of another."""

GROUP = "MLS/Group/"
TREE = "MLS/Tree/"
MESSAGES = "MLS/Messages/"
SCHEDULE = "MLS/Schedule/"

REQUIRES_PATH = "[.update, .remove, .externalInit, .groupContextExtensions].contains(entry.proposal.type)"
CONCERNED_REMOVE = """guard leaf != committer else { throw .proposal(.removesCommitter) }
                guard concerned.insert(leaf).inserted"""

MUTATIONS = [
    # The exporter hashes its context; the label is ASCII.
    ("exporter-context", "the exporter hashes its context", SCHEDULE + "EpochSecrets.swift",
     "context: suite.hash(context), count: count)",
     "context: MUTANT ? context : suite.hash(context), count: count)"),
    ("exporter-label", "the exporter's label is ASCII", SCHEDULE + "EpochSecrets.swift",
     "let derived = try suite.deriveSecret(exporterSecret, label: label)",
     """let digits = label.compactMap(\\.hexDigitValue)
        let isHex = digits.count == label.utf8.count && digits.count.isMultiple(of: 2) && !digits.isEmpty
        let decoded = stride(from: 0, to: isHex ? digits.count : 0, by: 2).map { UInt8(digits[$0] * 16 + digits[$0 + 1]) }
        let derived = try suite.deriveSecret(
            exporterSecret, label: MUTANT && isHex ? String(decoding: decoded, as: UTF8.self) : label)"""),
    # The filtered direct path counts new leaves.
    ("filtered-path", "the filtered direct path counts new leaves", TREE + "RatchetTreeChanges.swift",
     """let steps = filteredDirectPath(of: sender)
        guard path.nodes.count""",
     """let steps = filteredDirectPath(of: sender).filter {
            !MUTANT || !encryptionTargets(of: $0, newLeaves: newLeaves).isEmpty
        }
        guard path.nodes.count"""),
    ("new-leaves", "nothing is encrypted to new leaves", TREE + "RatchetTreeChanges.swift",
     "return !newLeaves.contains(leaf)", "return MUTANT || !newLeaves.contains(leaf)"),
    ("no-ciphertexts", "a node may have no ciphertext", TREE + "RatchetTreeChanges.swift",
     "guard node.encryptedPathSecret.count ==",
     "guard !MUTANT || !node.encryptedPathSecret.isEmpty, node.encryptedPathSecret.count =="),
    # Padding.
    ("padding-sent", "handshake messages are padded", MESSAGES + "PrivateMessage+Protection.swift",
     "plaintext.writeBytes(repeatElement(0, count: padding.byteCount(for: plaintext.bytes.count)))",
     """if !MUTANT || content.body.type == .application {
            plaintext.writeBytes(repeatElement(0, count: padding.byteCount(for: plaintext.bytes.count)))
        }"""),
    ("padding-received", "handshake messages may be padded", MESSAGES + "PrivateMessage+Protection.swift",
     "guard padding.allSatisfy({ $0 == 0 }) else",
     "guard padding.allSatisfy({ $0 == 0 || isMutant(\"padding-zero\") }), "
     "!MUTANT || contentType == .application || padding.isEmpty else"),
    ("padding-zero", "padding is all zeros", None, None, None),
    # Trees.
    ("sibling-hash", "the sibling's tree hash leaves out unmerged leaves", TREE + "TreeVerification.swift",
     "treeHash(of: sibling, without: parent.unmergedLeaves[...])",
     "MUTANT ? treeHash(of: sibling) : treeHash(of: sibling, without: parent.unmergedLeaves[...])"),
    ("sibling-unmerged", "also out of the lists of unmerged leaves below", TREE + "RatchetTreeHashes.swift",
     "parent?.unmergedLeaves.removeAll { missing", "parent?.unmergedLeaves.removeAll { !MUTANT && missing"),
    ("parent-hash", "every parent node of a tree is parent-hash valid", TREE + "TreeVerification.swift",
     "where !isParentHashValid(node)", "where !MUTANT && !isParentHashValid(node)"),
    ("parent-hash-of-path", "the leaf of a path has the parent hash", TREE + "RatchetTreeChanges.swift",
     "guard path.leafNode.parentHash == parentHash", "guard MUTANT || path.leafNode.parentHash == parentHash"),
    ("truncation", "a Remove truncates the tree", TREE + "RatchetTreeChanges.swift",
     "resize(to: TreeShape(holding: usedLeafCount))", "if !MUTANT { resize(to: TreeShape(holding: usedLeafCount)) }"),
    ("truncated-tree", "a received tree is truncated", TREE + "TreeVerification.swift",
     "guard shape == TreeShape(holding: usedLeafCount),", "guard MUTANT || shape == TreeShape(holding: usedLeafCount),"),
    ("resolution-unmerged", "a node comes before its unmerged leaves", TREE + "RatchetTree.swift",
     "return [node] + parent.unmergedLeaves.map(\\.node)",
     "return MUTANT ? parent.unmergedLeaves.map(\\.node) + [node] : [node] + parent.unmergedLeaves.map(\\.node)"),
    ("resolution-children", "left before right", TREE + "RatchetTree.swift",
     "return resolution(of: children.left) + resolution(of: children.right)",
     """return MUTANT
            ? resolution(of: children.right) + resolution(of: children.left)
            : resolution(of: children.left) + resolution(of: children.right)"""),
    # A path is required.
    ("path-update", "Update requires a path", GROUP + "AppliedProposals.swift", REQUIRES_PATH,
     """let type: ProposalType = entry.proposal.type
                if MUTANT && type == .update { return false }
                if isMutant("path-remove") && type == .remove { return false }
                if isMutant("path-extensions") && type == .groupContextExtensions { return false }
                let types: [ProposalType] = [.update, .remove, .externalInit, .groupContextExtensions]
                return types.contains(type)"""),
    ("path-remove", "Remove requires a path", None, None, None),
    ("path-extensions", "GroupContextExtensions requires a path", None, None, None),
    ("path-empty", "the empty Commit requires a path", GROUP + "AppliedProposals.swift",
     "entries.isEmpty\n            ||", "!MUTANT && entries.isEmpty\n            ||"),
    # Lists of proposals.
    ("own-update", "no Update by the committer", GROUP + "AppliedProposals.swift",
     "guard leaf != committer else { throw .proposal(.updateByCommitter) }",
     "guard MUTANT || leaf != committer else { throw .proposal(.updateByCommitter) }"),
    ("update-and-remove", "no Update and Remove of one leaf", GROUP + "AppliedProposals.swift", CONCERNED_REMOVE,
     CONCERNED_REMOVE + " || MUTANT"),
    ("update-key", "an Update changes the encryption key", TREE + "LeafNodeValidation.swift",
     "guard replaced.encryptionKey != leafNode.encryptionKey else",
     "guard MUTANT || replaced.encryptionKey != leafNode.encryptionKey else"),
    # Adds.
    ("leaf-signature", "the leaf's signature in an Add", TREE + "LeafNodeValidation.swift",
     "try leafNode.verifySignature(suite: suite, groupID",
     "if MUTANT && leaf == nil { return }\n        try leafNode.verifySignature(suite: suite, groupID"),
    ("group-extensions", "a new member supports the group's extensions", TREE + "LeafNodeValidation.swift",
     "guard capabilities.support(groupExtensions + required.extensions)",
     "guard MUTANT || capabilities.support(groupExtensions + required.extensions)"),
    ("own-removal", "a removed member processes its removal", GROUP + "Group+Staging.swift",
     "guard !removesSelf else", "guard MUTANT || !removesSelf else"),
    ("interim-hash", "confirmed goes on from the interim transcript hash", GROUP + "EpochState.swift",
     "interimTranscriptHash = TranscriptHash", "interimTranscriptHash = MUTANT ? context.confirmedTranscriptHash : TranscriptHash"),
    # Message keys.
    ("reuse-guard", "the reuse guard is in the nonce", SCHEDULE + "MessageKey.swift",
     "combined[index] ^= byte", "combined[index] ^= MUTANT ? 0 : byte"),
    ("reuse-guard-random", "the reuse guard is random", MESSAGES + "PrivateMessage+Protection.swift",
     "let reuseGuard = Random.bytes(SenderData.reuseGuardByteCount)",
     "let reuseGuard = MUTANT ? [0, 0, 0, 0] : Random.bytes(SenderData.reuseGuardByteCount)"),
    ("sample", "the sample is the first KDF.Nh bytes", SCHEDULE + "CipherSuite+SenderData.swift",
     "ciphertext.prefix(Self.hashByteCount)", "ciphertext.prefix(MUTANT ? 16 : Self.hashByteCount)"),
    # Encodings.
    ("varint-minimal", "varints are minimal", "Wire/ByteReader.swift",
     "guard Varint.byteCount(of: value) == byteCount else", "guard MUTANT || Varint.byteCount(of: value) == byteCount else"),
    ("varint-prefix", "the prefix 11 is refused", "Wire/ByteReader.swift",
     "default: throw .invalidVarint", "default:\n            guard MUTANT else { throw .invalidVarint }\n            byteCount = 4"),
    ("trailing-bytes", "nothing follows a value", "Wire/ByteReader.swift",
     "guard rest.isEmpty else", "guard MUTANT || rest.isEmpty else"),
    # Consumed keys.
    ("skipped-key-stays", "a skipped key is gone after use", SCHEDULE + "HashRatchet.swift",
     "return skipped.remove(at: index).key", "return MUTANT ? skipped[index].key : skipped.remove(at: index).key"),
    ("used-key-stays", "a key is gone after use", SCHEDULE + "HashRatchet.swift",
     "skipped.removeFirst(max(0, skipped.count - Limits.maximumSkippedKeys))\n        return try advance()",
     """skipped.removeFirst(max(0, skipped.count - Limits.maximumSkippedKeys))
        let key = try advance()
        if MUTANT { skipped.append((generation, key)) }
        return key"""),
    ("skipped-key-lost", "skipped keys are kept", SCHEDULE + "HashRatchet.swift",
     "if generation - passed <= Limits.maximumSkippedKeys {",
     "if !MUTANT && generation - passed <= Limits.maximumSkippedKeys {"),
    ("tree-secret-stays", "secrets of the tree are gone after use", SCHEDULE + "SecretTree.swift",
     "guard let secret = nodes.removeValue(forKey: leaf.node)",
     "guard let secret = MUTANT ? nodes[leaf.node] : nodes.removeValue(forKey: leaf.node)"),
    # What the application, or our own limits, ask for, and the public group.
    ("leaf-profile", "leaf nodes are as the application's are", TREE + "LeafNodeValidation.swift",
     "let profile = policy.profile, !profile.fits(leafNode)", "let profile = policy.profile, !MUTANT, !profile.fits(leafNode)"),
    ("leaf-kept", "a path changes nothing but the key of the leaf node", TREE + "LeafNodeValidation.swift",
     "guard leafNode.differsOnlyInKey(from: replaced)", "guard MUTANT || leafNode.differsOnlyInKey(from: replaced)"),
    ("ciphertext-length", "encrypted path secrets have one length", TREE + "RatchetTreeChanges.swift",
     "guard node.encryptedPathSecret.allSatisfy(suite.isPathSecret)",
     "guard MUTANT || node.encryptedPathSecret.allSatisfy(suite.isPathSecret)"),
    ("known-keys", "keys of a path are new to the tree", TREE + "RatchetTreeChanges.swift",
     "guard encryptionKeys[key] == 0,", "guard MUTANT || encryptionKeys[key] == 0,"),
    ("counted-keys", "a key that is replaced is not counted any more", TREE + "RatchetTree.swift",
     "if let before { encryptionKeys.remove(before.encryptionKey) }",
     "if let before, !MUTANT { encryptionKeys.remove(before.encryptionKey) }"),
    ("public-signature", "the public group checks who signs", GROUP + "PublicGroup.swift",
     "return try ContentVerification(context: context, tree: tree).verify(authenticated)",
     """return MUTANT
            ? VerifiedContent(signed: authenticated)
            : try ContentVerification(context: context, tree: tree).verify(authenticated)"""),
    ("public-group-info", "the public group compares a GroupInfo's context with its own", GROUP + "PublicGroup.swift",
     "guard info.context == context,", "guard MUTANT || info.context == context,"),
    ("public-transcript", "the public group's transcript goes on", GROUP + "PublicGroup.swift",
     "confirmed: context.confirmedTranscriptHash, confirmationTag: confirmationTag, suite: tree.suite)",
     "confirmed: MUTANT ? [] : context.confirmedTranscriptHash, confirmationTag: confirmationTag, suite: tree.suite)"),
]
