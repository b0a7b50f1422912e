import Chat
import TestSupport
import Testing
import Wire

@testable import Room

/// Some members of a relay's room, which came before all others, answer who asks them to let somebody in as they like, and come anew
/// now and then. Others come in all the same, as long as somebody honest is there.
@Suite struct HostileCommittersTests {
    private enum Habit: CaseIterable {
        case honest, silent, wrong, refusing, leavingOut, wrongWelcome
    }

    /// How long a joiner's connection is kept that waits for a Commit.
    private static let patience = 80

    @Test("Who comes in does so in time", arguments: 1...40 as ClosedRange<UInt64>)
    func newcomers(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        let network = RoomNetwork.relay(admitsUnattended: seed % 2 == 0)
        let hostile = try (0...random.below(3)).map { try network.joined("mallory\($0)")[0] }
        let honest = try (0...random.below(3)).map { try network.joined("bob\($0)")[0] }
        network.timePassed(.seconds(60))
        try network.carry()
        for number in 0..<6 {
            let habits = hostile.map { _ in Habit.allCases[random.below(Habit.allCases.count)] }
            let carol = network.add(nick: "carol\(number)")
            var seconds = 0
            while !network.peers[carol].client.isJoined, seconds < Self.patience {
                try second(network, hostile, habits, honest + [carol], sparing: carol, &random)
                seconds += 1
            }
            #expect(
                network.peers[carol].client.isJoined && network.peers[carol].ends.isEmpty,
                "\(habits), \(network.peers[carol].startOvers) tries")
            // What it has begun it leaves to others.
            for _ in 0..<3 { try second(network, hostile, habits, honest + [carol], sparing: nil, &random) }
            network.act(carol) { client, actions in client.leave(actions: &actions) }
            try network.carry(of: honest + [carol])
            network.timePassed(.seconds(20))
        }
    }

    private func second(
        _ network: RoomNetwork, _ hostile: [Int], _ habits: [Habit], _ others: [Int], sparing newcomer: Int?,
        _ random: inout SeededRandom
    ) throws {
        for _ in 0..<4 {
            for (peer, habit) in zip(hostile, habits) { try live(network, peer, habit, sparing: newcomer) }
            for peer in others where !network.peers[peer].isUp { network.mendLink(peer) }
            try network.carry(of: others)
        }
        if random.below(2) == 0 { comeAnew(network, hostile[random.below(hostile.count)]) }
        network.timePassed(.seconds(1))
        for peer in hostile + others where network.peers[peer].client.isJoined {
            network.act(peer) { client, actions in client.timePassed(actions: &actions) }
        }
    }

    private func comeAnew(_ network: RoomNetwork, _ peer: Int) {
        if network.peers[peer].isUp { network.overrun(peer) }
        network.mendLink(peer)
    }

    /// The peer hears all, and says all but what its habit is.
    private func live(_ network: RoomNetwork, _ peer: Int, _ habit: Habit, sparing newcomer: Int?) throws {
        if !network.peers[peer].isUp { network.mendLink(peer) }
        let requests = network.peers[peer].toHost
        network.peers[peer].toHost = []
        for message in requests where network.peers[peer].isUp && !network.peers[peer].isReleased {
            guard case .commit(let commit) = try MemberRequest(type: message.type, body: message.body),
                let changed = try change(commit, by: peer, habit, sparing: newcomer, in: network)
            else {
                do {
                    try network.receivedAtHost(message, from: peer)
                } catch RoomError.late {
                    network.breakLink(peer)
                }
                continue
            }
            guard !changed.commit.isEmpty || !changed.refused.isEmpty else { continue }
            let epoch = network.epoch
            try network.receivedAtHost(MemberRequest.commit(changed).encoded, from: peer)
            // Its own program has made another one.
            if network.epoch != epoch { return comeAnew(network, peer) }
        }
        // What it answers to that goes out the next time.
        _ = try network.step(upTo: .max, of: [peer])
    }

    /// What goes out in the place of an answer; nil for the answer itself.
    private func change(
        _ commit: GroupCommit, by peer: Int, _ habit: Habit, sparing newcomer: Int?, in network: RoomNetwork
    ) throws -> GroupCommit? {
        guard let asked = network.room.group.asked, asked.member == network.peers[peer].client.id, !asked.isUpdate,
            let id = network.peers[peer].client.id
        else { return nil }
        let candidates = asked.adds.keys.sorted { $0.wireValue < $1.wireValue }
        switch habit {
        case .honest: return nil
        case .silent: return GroupCommit(epoch: commit.epoch, commit: [])
        case .wrong: return GroupCommit(epoch: commit.epoch, commit: [1])
        case .refusing: return GroupCommit(epoch: commit.epoch, refused: candidates, commit: [])
        case .leavingOut:
            let spared = newcomer.map { network.peers[$0].client.engine.id }
            let others = candidates.filter { $0 != spared }
            guard !others.isEmpty else { return GroupCommit(epoch: commit.epoch, commit: []) }
            return network.commit(by: id, epoch: commit.epoch, adding: others, welcome: commit.welcome)
        case .wrongWelcome:
            return network.commit(
                by: id, epoch: commit.epoch, adding: candidates, removing: asked.removals,
                welcome: candidates.isEmpty ? [] : [1])
        }
    }
}
