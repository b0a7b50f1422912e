import Sodium
import TestSupport
import Testing

@testable import MLS

/// Groups that change at random: everybody who is in agrees, and hears everybody.
@Suite struct RandomGroupTests {
    /// Members come and go between these.
    private static let memberCounts = 2...12
    private static let stepCount = 60

    @Test(arguments: [UInt64](1...4))
    func membersComeAndGo(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        let suite = seed.isMultiple(of: 4) ? TestSuites.x25519AES128GCM : .x25519ChaChaPoly
        let room = try TestRoom(
            2, suite: suite,
            configuration: GroupConfiguration(
                padding: .multiple(of: 32), encryptsHandshake: seed.isMultiple(of: 2)))
        for step in 0..<Self.stepCount {
            try Self.change(room, &random)
            try Self.talkOutOfOrder(room, &random)
            if step.isMultiple(of: 10) {
                try room.checkAgreement("seed \(seed), step \(step)")
            }
        }
        try room.checkAgreement("seed \(seed)")
    }

    private static func change(_ room: TestRoom, _ random: inout SeededRandom) throws {
        let actor = random.below(room.members.count)
        switch random.below(7) {
        case 0, 1:
            guard room.members.count < memberCounts.upperBound else { break }
            try room.add(by: actor, forcesPath: random.below(2) == 0)
        case 2:
            guard room.members.count < memberCounts.upperBound else { break }
            try joinExternally(room)
        case 3:
            guard room.members.count > memberCounts.lowerBound else { break }
            try remove((actor + 1) % room.members.count, from: room, by: actor)
        case 4:
            let message = try room.members[actor].group.proposeUpdate()
            for (index, member) in room.members.enumerated() where index != actor {
                try member.group.takeProposal(message)
            }
            try room.commit(by: random.below(room.members.count))
        case 5:
            guard room.members.count > memberCounts.lowerBound + 1 else { break }
            try replaceByProposals(room, actor)
        default:
            try room.commit(by: actor)
        }
    }

    private static func remove(_ index: Int, from room: TestRoom, by actor: Int) throws {
        let committer = room.members[actor]
        let removed = room.members.remove(at: index)
        let outgoing = try committer.group.commit([.remove(removed.leaf)])
        #expect(try removed.group.takeCommit(outgoing.commit).removesSelf)
        let place = try #require(room.members.firstIndex { $0 === committer })
        try room.deliver(outgoing, by: place)
    }

    /// One proposes to remove another and to add a third, and the next one commits.
    private static func replaceByProposals(_ room: TestRoom, _ actor: Int) throws {
        let removed = room.members[(actor + 1) % room.members.count]
        let committer = room.members[(actor + 2) % room.members.count]
        let package = TestRoom.keyPackage(room.suite)
        try room.propose(by: actor, .remove(removed.leaf))
        try room.propose(by: actor, .add(package.keyPackage))
        let outgoing = try committer.group.commit()
        #expect(try removed.group.takeCommit(outgoing.commit).removesSelf)
        room.members.removeAll { $0 === removed }
        try room.deliver(outgoing, by: #require(room.members.firstIndex { $0 === committer }))
        let group = try Group(
            joining: #require(outgoing.welcome), with: package, suite: room.suite, configuration: room.configuration)
        room.members.append(TestMember(group))
    }

    private static func joinExternally(_ room: TestRoom) throws {
        let info = try room.members[0].group.groupInfo(allowsExternalCommit: true)
        let package = TestRoom.keyPackage(room.suite)
        let external = try ExternalJoin(
            groupInfo: info, as: package, suite: room.suite, configuration: room.configuration)
        let commit = external.commit
        for member in room.members {
            try member.group.takeCommit(commit)
        }
        room.members.append(TestMember(external.accepted()))
    }

    private static func talkOutOfOrder(_ room: TestRoom, _ random: inout SeededRandom) throws {
        let speaker = random.below(room.members.count)
        var messages = try (0..<4).map { try room.members[speaker].group.encrypt([UInt8($0)]) }
        messages.shuffle(using: &random)
        messages.removeLast()
        for (index, member) in room.members.enumerated() where index != speaker {
            for message in messages {
                try member.group.takeApplication(message)
            }
        }
    }
}
