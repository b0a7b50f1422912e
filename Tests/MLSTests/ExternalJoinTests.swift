import Sodium
import TestSupport
import Testing

@testable import MLS

@Suite struct ExternalJoinTests {
    /// Joins by an external Commit, and brings all others along.
    private func join(
        _ room: TestRoom, replacing: LeafIndex? = nil, identifiers: [PreSharedKeyID] = [],
        keys: PreSharedKeys = PreSharedKeys()
    ) throws -> [CommitEffects] {
        let info = try room.members[0].group.groupInfo(allowsExternalCommit: true)
        let package = TestRoom.keyPackage(room.suite, "late")
        let external = try ExternalJoin(
            groupInfo: info, as: package, suite: room.suite, replacing: replacing, identifiers: identifiers,
            preSharedKeys: keys)
        let commit = external.commit
        var effects: [CommitEffects] = []
        for member in room.members {
            effects.append(try member.group.takeCommit(commit))
        }
        room.members.append(TestMember(external.accepted()))
        return effects
    }

    @Test(arguments: GroupTests.suites)
    func joins(suite: UInt16) throws {
        let room = try TestRoom(3, suite: #require(TestSuites.suite(suite)))
        let effects = try join(room)
        #expect(effects.map(\.isExternal) == [true, true, true])
        try room.checkAgreement()
        try room.commit(by: 3)
        try room.checkAgreement()
        try room.add(by: 3)
        try room.checkAgreement()
    }

    @Test func replacesAFormerSelf() throws {
        let room = try TestRoom(3)
        let lost = room.members.remove(at: 1)
        let effects = try join(room, replacing: lost.leaf)
        #expect(effects.allSatisfy { $0.removed.map(\.leaf) == [lost.leaf] })
        #expect(room.members[2].leaf == lost.leaf)
        try room.checkAgreement()
    }

    @Test func theReplacedOneLearnsOfIt() throws {
        let room = try TestRoom(2)
        let effects = try join(room, replacing: room.members[1].leaf)
        #expect(effects[1].removesSelf)
        room.members.remove(at: 1)
        try room.checkAgreement()
    }

    @Test func needsTheKeyOfTheInvite() throws {
        let room = try TestRoom(2)
        var keys = PreSharedKeys()
        keys.addExternal(SecretBytes(copying: [5].span), identifier: [1])
        for member in room.members { member.group.preSharedKeys = keys }
        let effects = try join(room, identifiers: [.external([1])], keys: keys)
        #expect(effects.allSatisfy { $0.preSharedKeys.count == 1 })
        try room.checkAgreement()
    }

    @Test func needsAnExternalKey() throws {
        let room = try TestRoom(2)
        let info = try room.members[0].group.groupInfo(allowsExternalCommit: false)
        let package = TestRoom.keyPackage()
        #expect(throws: MLSError.cannotJoin) {
            _ = try ExternalJoin(groupInfo: info, as: package, suite: room.suite)
        }
    }

    @Test func theTreeMayComeAnotherWay() throws {
        let room = try TestRoom(3)
        let info = try room.members[0].group.groupInfo(allowsExternalCommit: true, includesTree: false)
        let tree = room.members[0].group.encodedTree()
        let package = TestRoom.keyPackage()
        #expect(throws: MLSError.cannotJoin) {
            _ = try ExternalJoin(groupInfo: info, as: package, suite: room.suite)
        }
        try room.commit(by: 1)
        let newer = room.members[0].group.encodedTree()
        #expect(throws: MLSError.cannotJoin) {
            _ = try ExternalJoin(groupInfo: info, as: package, suite: room.suite, tree: newer)
        }
        _ = try ExternalJoin(groupInfo: info, as: package, suite: room.suite, tree: tree)
    }

    /// A signed GroupInfo of which any bit is changed leads nowhere.
    @Test func forgedGroupInfoIsRefused() throws {
        let room = try TestRoom(2)
        let info = try room.members[0].group.groupInfo(allowsExternalCommit: true)
        let package = TestRoom.keyPackage()
        for bit in stride(from: 3, to: 8 * info.count, by: 97) {
            let forged = info.flippingBit(bit)
            #expect(throws: MLSError.self, "bit \(bit)") {
                _ = try ExternalJoin(groupInfo: forged, as: package, suite: room.suite)
            }
        }
    }
}

@Suite struct WelcomeTests {
    @Test func forgedWelcomeIsRefused() throws {
        let room = try TestRoom(2)
        let package = TestRoom.keyPackage()
        let outgoing = try room.members[0].group.commit([.add(package.keyPackage)])
        let welcome = try #require(outgoing.welcome)
        for bit in stride(from: 3, to: 8 * welcome.count, by: 97) {
            let forged = welcome.flippingBit(bit)
            #expect(throws: MLSError.self, "bit \(bit)") {
                _ = try Group(joining: forged, with: package, suite: room.suite)
            }
        }
        let other = TestRoom.keyPackage()
        #expect(throws: MLSError.cannotJoin) { _ = try Group(joining: welcome, with: other, suite: room.suite) }
        let suite = TestSuites.x25519AES128GCM
        #expect(throws: MLSError.unsupported) { _ = try Group(joining: welcome, with: package, suite: suite) }
        _ = try Group(joining: welcome, with: package, suite: room.suite)
    }

    /// A member says in a signed GroupInfo what is not so.
    @Test func aWelcomeWithAWrongTagIsRefused() throws {
        let room = try TestRoom(2)
        let package = TestRoom.keyPackage()
        let outgoing = try room.members[0].group.commit([.add(package.keyPackage)])
        guard case .welcome(let welcome) = try MLSMessage(decoding: #require(outgoing.welcome)) else {
            throw UnexpectedMessage()
        }
        let opening = try WelcomeOpening(
            welcome, for: package.keyPackage, initKey: package.initKey, suite: room.suite,
            preSharedKeys: PreSharedKeys())
        let info = opening.groupInfo
        let forged = GroupInfo(
            context: info.context, extensions: info.extensions, confirmationTag: info.confirmationTag.flippingBit(3),
            signer: info.signer, suite: room.suite, key: room.members[0].group.signingKey)
        let key = try room.suite.welcomeKey(opening.schedule.welcomeSecret())
        let encryptedInfo = try room.suite.aead.seal(
            forged.encoded.span, authenticating: [UInt8]().span, nonce: key.nonce(), key: key.key.bytes)
        let secrets = opening.secrets.encoded().revealed
        let (kemOutput, ciphertext) = try room.suite.encryptWithLabel(
            publicKey: package.keyPackage.initKey, label: "Welcome", context: encryptedInfo, plaintext: secrets.span)
        let entry = EncryptedGroupSecrets(
            newMember: package.keyPackage.reference(room.suite),
            encryptedGroupSecrets: HPKECiphertext(kemOutput: kemOutput, ciphertext: ciphertext))
        let message = MLSMessage.welcome(
            Welcome(cipherSuite: room.suite.identifier, secrets: [entry], encryptedGroupInfo: encryptedInfo))
        #expect(throws: MLSError.invalidConfirmationTag) {
            _ = try Group(joining: message.encoded, with: package, suite: room.suite)
        }
    }

    @Test func severalJoinAtOnce() throws {
        let room = try TestRoom(3)
        let (first, second) = (KeyPackageBox(), KeyPackageBox())
        let outgoing = try room.members[1].group.commit([.add(first.keyPackage), .add(second.keyPackage)])
        try room.deliver(outgoing, by: 1)
        let welcome = try #require(outgoing.welcome)
        for box in [first, second] {
            room.members.append(TestMember(try Group(joining: welcome, with: box.own, suite: room.suite)))
        }
        try room.checkAgreement()
        try room.commit(by: 4)
        try room.checkAgreement()
    }

    private final class KeyPackageBox {
        let own = TestRoom.keyPackage()
        var keyPackage: KeyPackage { own.keyPackage }
    }
}
