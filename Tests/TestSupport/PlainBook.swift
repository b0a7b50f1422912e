package import Chat
package import Room
package import Sodium

/// The book of a ``PlainGroup``.
package struct PlainBook: GroupBook {
    package let epoch: UInt64
    private let present: Set<MemberID>
    package let roles: Set<MemberID>
    package let tree: [UInt8]
    package let secretGeneration: UInt64
    private let isAtRelay: Bool

    package init(founding groupInfo: [UInt8], by creator: MemberID, isAtRelay: Bool) throws(GroupError) {
        guard groupInfo == PlainGroup.info(epoch: 0, [creator], [creator]) else { throw .forged }
        self.init(epoch: 0, [creator], [creator], generation: 0, isAtRelay: isAtRelay)
    }

    package init(resuming groupInfo: [UInt8], tree: [UInt8], isAtRelay: Bool) throws(GroupError) {
        let (epoch, present) = (PlainGroup.number(groupInfo), PlainGroup.ids(tree))
        let roles = PlainGroup.roles(in: groupInfo)
        let generation = PlainGroup.generation(in: groupInfo)
        guard groupInfo == PlainGroup.info(epoch: epoch, present, roles, generation: generation) else { throw .forged }
        self.init(epoch: epoch, present, roles, generation: generation, isAtRelay: isAtRelay)
    }

    private init(
        epoch: UInt64, _ present: Set<MemberID>, _ roles: Set<MemberID>, generation: UInt64, isAtRelay: Bool
    ) {
        self.epoch = epoch
        self.isAtRelay = isAtRelay
        secretGeneration = generation
        self.roles = roles
        self.present = present
        tree = PlainGroup.tree(of: present)
    }

    package var memberCount: Int { present.count }
    package var members: [MemberID] { Array(present) }

    package func contains(_ id: MemberID) -> Bool { present.contains(id) }

    package func isModerator(_ id: MemberID) -> Bool { roles.contains(id) }

    package var moderators: [MemberID] { roles.intersection(present).sorted { $0.wireValue < $1.wireValue } }

    package func wouldAccept(_ candidate: GroupCandidate) -> Bool {
        !isAtRelay || PlainGroup.isProven(candidate, secretGeneration)
    }

    /// All of it but which secret it proves.
    package static func mark(of keyPackage: [UInt8]) -> [UInt8] { keyPackage.dropLast(4) }

    package func isMember(_ candidate: GroupCandidate) -> Bool { present.contains(candidate.id) }

    package func generation(ofHandshakeKey key: SecretContent) -> UInt64? {
        (0...secretGeneration).first { key.copy() == PlainGroup.handshakeKey(of: $0) }
    }

    package func stage(
        _ commit: [UInt8], from sender: MemberID, as purpose: CommitPurpose
    ) throws(GroupError) -> BookedCommit {
        let (added, removed) = try PlainGroup.read(commit, from: sender, epoch: epoch)
        let isRight =
            switch purpose {
            case .update: present.contains(sender) && added.isEmpty && removed.isEmpty
            case .external: added == [sender] && removed.isEmpty
            case .answer(let adding, let removing):
                present.contains(sender) && added.isSubset(of: adding.map(\.id)) && removed.isSubset(of: removing)
            }
        let after = PlainGroup.roles(roles, after: commit)
        let isRenewal = PlainGroup.isRenewal(commit)
        guard isRight, after == roles && !isRenewal || roles.contains(sender) else { throw .forged }
        let members = present.subtracting(removed).union(added)
        return BookedCommit(
            added: added.sorted { $0.wireValue < $1.wireValue },
            removed: removed.subtracting(added).sorted { $0.wireValue < $1.wireValue },
            book: PlainBook(
                epoch: epoch &+ 1, members, after, generation: isRenewal ? secretGeneration + 1 : secretGeneration,
                isAtRelay: isAtRelay))
    }

    package func accepts(groupInfo: [UInt8]) -> Bool {
        groupInfo == PlainGroup.info(epoch: epoch, present, roles, generation: secretGeneration)
    }

    package func branch(of id: MemberID, from committer: MemberID) -> Int? {
        present.contains(id) && present.contains(committer) ? (id.wireValue & 1 == 0 ? 1 : 2) : nil
    }

    package func answerByteCount(adding: Int, removing: Int) -> Int { 1_000 * (present.count + adding + removing) }
}
