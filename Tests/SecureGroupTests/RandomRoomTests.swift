import Chat
import Foundation
import Room
import SecureGroup
import Sodium
import TestSupport
import Testing

/// Members that come, go, lose their connections and talk at random, with real groups: they agree, and nothing is lost.
/// TERMTALK_SEED=… is one run alone, TERMTALK_STEPS=… its length; keys are random in each.
@Suite(.serialized) struct RandomRoomTests {
    private static let environment = ProcessInfo.processInfo.environment
    private static let steps = environment["TERMTALK_STEPS"].flatMap { Int($0) } ?? 500
    private static let seeds: [UInt64] = environment["TERMTALK_SEED"].flatMap { UInt64($0) }.map { [$0] } ?? [1, 2]
    /// Members, between which the room grows and shrinks.
    private static let memberCounts = 4...16
    /// Everybody is let to finish, and compared, after so many steps.
    private static let stepsBetweenComparisons = 250

    @Test(arguments: seeds)
    func agreement(seed: UInt64) throws {
        try Self.live(in: RandomRoom(seed: seed), seed, steps: Self.steps)
    }

    /// Now and then all are lost, and somebody comes in meanwhile.
    @Test(arguments: seeds)
    func agreementAtARelay(seed: UInt64) throws {
        let world = try RandomRoom(seed: seed, isRelay: true)
        try Self.live(in: world, seed, steps: Self.steps / 2)
        #expect(world.counts["came in unattended", default: 0] > 0)
    }

    private static func live(in world: RandomRoom, _ seed: UInt64, steps: Int) throws {
        for step in 1...steps {
            try Self.somethingHappens(world)
            // At the least once.
            if world.isRelay, step == steps / 3 { try comeInUnattended(world) }
            if step.isMultiple(of: Self.stepsBetweenComparisons) || step == steps {
                try Self.settle(world)
                try Self.compareGroups(world, "seed \(seed), step \(step)")
            }
        }
        try Self.compareWords(world, atLeast: steps / 5)
        let epoch = world.peers[0].group.epoch
        print(
            "random room: seed \(seed), \(steps) steps, epoch \(epoch), \(world.counts.sorted { $0.key < $1.key })"
        )
    }

    private static func comeInUnattended(_ world: RandomRoom) throws {
        for peer in world.present where peer.isUp { world.breakLink(peer) }
        try world.join()
        try world.carry()
        world.count("came in unattended")
    }

    private static func somethingHappens(_ world: RandomRoom) throws {
        let members = world.present.filter { $0.client.isJoined && !$0.isLeaving }
        let someone = members[world.random.below(members.count)]
        let isHost = someone === world.peers[0]
        switch world.random.below(40) {
        case 0...2 where world.present.count < memberCounts.upperBound:
            try world.join()
            world.count("joined")
        case 3...4 where members.count > memberCounts.lowerBound && !isHost:
            someone.isLeaving = true
            try world.leaveIfDelivered(someone)
        case 5 where members.count > memberCounts.lowerBound && !isHost && world.random.below(3) == 0:
            world.kill(someone)
            world.count("killed")
        case 6...7 where someone.isUp && (!isHost || world.isRelay):
            world.breakLink(someone)
            world.count("broken")
        case 6...7 where world.isRelay && world.present.count < memberCounts.upperBound && world.random.below(2) == 0:
            try comeInUnattended(world)
        case 8 where !isHost && world.random.below(3) == 0:
            world.overrun(someone)
            world.count("overrun")
        case 9...11:
            if let away = world.present.first(where: { !$0.isUp }) { try world.mend(away) }
        case 12...13:
            let time = [10, 300, 3_000, 40_000, 200_000][world.random.below(5)]
            try time > 1_000 ? world.passCarrying(.milliseconds(time)) : world.pass(.milliseconds(time))
        case 14...15:
            try world.whisper(someone)
            world.count("whispered")
        case 25 where world.isRelay && members.count > memberCounts.lowerBound && !isHost:
            try world.sendOut(someone)
        case 16...24:
            for _ in 0..<1 + world.random.below(3) { try world.say(someone) }
            world.count("said")
        default:
            for peer in world.present { try world.step(peer, upTo: world.random.below(5)) }
        }
    }

    /// Everybody comes back, and all that is on its way arrives.
    private static func settle(_ world: RandomRoom) throws {
        for _ in 0..<120 {
            // Who is not in after 20 s loses its connection: nobody was there who could have told it the group's secret.
            for peer in world.present where world.isRelay && peer.isUp && !peer.client.isJoined {
                world.breakLink(peer)
            }
            for peer in world.present where !peer.isUp || peer.isReleased { try world.mend(peer) }
            try world.carry()
            // Those who were killed lose their places, and everybody gets to its new keys.
            try world.pass(.seconds(10))
        }
        try world.carry()
        for peer in world.present {
            try #require(
                peer.client.isJoined && peer.client.outboxCount == 0, "\(peer.name) is not done: \(peer.complaints)")
        }
    }

    private static func compareGroups(_ world: RandomRoom, _ place: String) throws {
        let host = world.peers[0]
        let ids = Set(world.present.map(\.group.id))
        for peer in world.present {
            try #require(peer.complaints.isEmpty, "\(place): \(peer.name) \(peer.complaints)")
            try #require(peer.group.epoch == host.group.epoch, "\(place): \(peer.name)")
            let isSame = try peer.group.epochAuthenticator().withBytes { one in
                try host.group.epochAuthenticator().withBytes { other in constantTimeEquals(one, other) }
            }
            try #require(isSame, "\(place): \(peer.name) has another group")
            try #require(peer.group.chainStart == host.group.chainStart && peer.group.members == ids, "\(place)")
            try #require(Set(peer.client.memberList.map(\.id)) == ids, "\(place): \(peer.name) has another list")
            let hasSecret = peer.group.handshakeKey == host.group.handshakeKey
            try #require(hasSecret, "\(place): \(peer.name) has another secret")
        }
        try #require(!host.client.isChangingGroup, "\(place)")
        for gone in world.sentOut {
            let candidate = GroupCandidate(id: gone.group.id, keyPackage: gone.group.keyPackage())
            let isOut = gone.group.handshakeKey != host.group.handshakeKey
            let isToldNothing = world.present.allSatisfy { $0.group.sealedSecret(for: candidate) == nil }
            try #require(isOut && isToldNothing, "\(place): \(gone.name) can come in")
        }
    }

    /// All were told the same, each number once, without gaps but those that they were told of; all that was said is there,
    /// once and in its order.
    private static func compareWords(_ world: RandomRoom, atLeast count: Int) throws {
        var order: [UInt64: String] = [:]
        for peer in world.peers {
            var next: UInt64?
            for told in peer.told {
                switch told {
                case .began(let first):
                    // What was missed is told right after.
                    if let known = next, first > known { break }
                    next = first
                case .missed(let count):
                    next = next.map { $0 + UInt64(count) }
                case .passedOver(let number):
                    try #require(next == nil || number == next, "\(peer.name) got \(number) in place of \(next ?? 0)")
                    next = number + 1
                case .message(let number, let text):
                    try #require(next == nil || number == next, "\(peer.name) got \(number) in place of \(next ?? 0)")
                    try #require(order[number] == nil || order[number] == text, "\(peer.name) has another \(number)")
                    order[number] = text
                    next = number + 1
                }
            }
        }
        try #require(order.keys.sorted() == Array(1..<UInt64(order.count) + 1))
        let texts = order.sorted { $0.key < $1.key }.map(\.value)
        try #require(Set(texts).count == texts.count, "something was repeated")
        for peer in world.peers {
            let heard = texts.filter { $0.hasPrefix("\(peer.name) ") }
            let whispers = world.peers[0].whispers.filter { $0.hasPrefix("\(peer.name) ") }
            if peer.wasKilled {
                #expect(heard == Array(peer.said.prefix(heard.count)))
                #expect(whispers == Array(peer.whispered.prefix(whispers.count)))
            } else {
                #expect(heard == peer.said, "\(peer.name) said \(peer.said.count) and was heard with \(heard.count)")
                #expect(whispers == peer.whispered, "\(peer.name)")
            }
        }
        #expect(texts.count > count)
    }
}
