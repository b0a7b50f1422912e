import Chat
import TestSupport
import Testing

@testable import Room

/// Random stays in one room: whatever happens in whatever order, all agree on what was said and who is there.
@Suite struct RoomSimulationTests {
    @Test(
        "Members that come, go, get lost, come back and talk agree in the end", arguments: 1...4 as ClosedRange<UInt64>)
    func agreement(seed: UInt64) throws {
        let network = RoomNetwork()
        network.add(nick: "host", isHost: true)
        network.replicate(seed: seed)
        try live(network, seed: seed, steps: 3_000, texts: 500)
    }

    @Test(
        "So do those at a relay, which at times are all lost while others come in",
        arguments: 1...4 as ClosedRange<UInt64>)
    func agreementAtARelay(seed: UInt64) throws {
        var limits = RoomLimits()
        limits.isRelay = true
        let network = RoomNetwork(limits: limits)
        network.isRelay = true
        network.add(nick: "first")
        network.replicate(seed: seed)
        try network.carry()
        try live(network, seed: seed, steps: 1_500, texts: 150)
        #expect(network.peers.allSatisfy { $0.startOvers == 0 })
        #expect(network.registered.count == 1)
        for peer in network.peers where peer.ends.isEmpty {
            #expect(peer.client.engine.members == Set(peer.client.memberList.map(\.id)))
        }
    }

    @Test(
        "So do those of a room that is moderated in all ways, by its host and by members, until it is ended",
        arguments: 1...6 as ClosedRange<UInt64>)
    func agreementUnderModeration(seed: UInt64) throws {
        var limits = RoomLimits()
        limits.isRelay = seed % 3 == 0
        limits.asksHost = seed % 2 == 0 && !limits.isRelay
        let network = RoomNetwork(limits: limits, closesAt: .seconds(500_000))
        network.isRelay = limits.isRelay
        network.add(nick: limits.isRelay ? "first" : "host", isHost: !limits.isRelay)
        network.replicate(seed: seed)
        try network.carry()
        try live(network, seed: seed, steps: 1_500, texts: 60, isModerated: true)
        #expect(!network.moderated.isEmpty)
        network.moderateAll { room, _, actions in room.close(.hostQuit, actions: &actions) }
        network.compareStates()
        try network.carry()
        #expect(network.room.memberCount == 0 && network.room.isClosed)
        #expect(network.peers.allSatisfy { !$0.ends.isEmpty })
        // Nothing that comes too late changes anything.
        let snapshot = network.room.snapshot(now: network.now)
        network.add(nick: "late")
        try network.carry()
        network.timePassed(.seconds(600_000))
        network.now -= .seconds(600_000)
        #expect(network.room.snapshot(now: network.now) == snapshot)
        network.compareStates()
    }

    @Test(
        "So do those at a relay some of whose members make Commits that others cannot follow",
        arguments: 1...3 as ClosedRange<UInt64>)
    func agreementWithSpoilers(seed: UInt64) throws {
        var limits = RoomLimits()
        limits.isRelay = true
        let network = RoomNetwork(limits: limits)
        network.isRelay = true
        network.add(nick: "first")
        network.replicate(seed: seed)
        try network.carry()
        try live(network, seed: seed, steps: 800, texts: 50, spoilers: 3)
        #expect(network.registered.count == 1)
        let present = network.peers.filter(\.ends.isEmpty)
        #expect(Set(present.map(\.client.engine.epoch)) == [network.epoch])
        #expect(!present.contains { $0.warnings.contains(.groupFork) })
    }

    @Test(
        "So do those of a kept room whose host is killed again and again: receipts stay right, and nothing is lost",
        arguments: 1...8 as ClosedRange<UInt64>)
    func agreementWhileKilled(seed: UInt64) throws {
        var limits = RoomLimits()
        limits.isRelay = seed % 3 == 0
        let network = RoomNetwork(limits: limits, closesAt: .seconds(500_000))
        network.isRelay = limits.isRelay
        network.keep(seed: seed)
        network.add(nick: limits.isRelay ? "first" : "host", isHost: !limits.isRelay)
        try network.carry()
        try live(network, seed: seed, steps: 1_200, texts: 50, isModerated: seed % 2 == 0)
        for _ in 0..<3 {
            network.timePassed(.seconds(30))
            try network.carry()
        }
        #expect((network.disk?.kills ?? 0) > 3)
        try checkReceipts(network)
    }

    /// All receipts are there, and right.
    private func checkReceipts(_ network: RoomNetwork) throws {
        var receivers: [MessageID: Set<MemberID>] = [:]
        var sequences: [MessageID: UInt64] = [:]
        for peer in network.peers {
            for message in peer.messages where message.from != peer.client.engine.id {
                receivers[message.id, default: []].insert(peer.client.engine.id)
                sequences[message.id] = message.sequence
            }
        }
        let staying = network.peers.filter { $0.ends.isEmpty && $0.client.isJoined }
        var checked = 0
        // Who was sent out while it was away, and has come in again, is told no more of what it said before.
        let left = Set(
            network.peers.flatMap(\.events).compactMap { event -> MemberID? in
                if case .memberLeft(let id, _, _, _) = event { id } else { nil }
            })
        for peer in staying where !peer.isHost && !left.contains(peer.client.engine.id) {
            for (id, receipt) in peer.lastReceipts {
                guard let sequence = sequences[id], let audience = network.audiences[id] else { continue }
                let known = staying.filter { other in
                    !other.isHost && audience.contains(other.client.engine.id)
                        && other.admissions.last.map { $0.nextSequence <= sequence } == true
                }
                try #require(receipt[0] >= known.count && receipt[0] <= receivers[id, default: []].count)
                checked += 1
            }
        }
        #expect(checked > 0)
    }

    /// Lives through so many steps, in which at least so many texts are said; so many members at most, one after another, make
    /// Commits that others cannot follow.
    private func live(
        _ network: RoomNetwork, seed: UInt64, steps: Int, texts: Int, isModerated: Bool = false, spoilers: Int = 0
    ) throws {
        var spoiling: Set<Int> = []
        var random = SeededRandom(seed: seed)
        var nextText = 0
        for _ in 0..<steps {
            if network.disk != nil, random.below(60) == 0 {
                try network.kill(host: network.isRelay ? nil : 0)
                continue
            }
            let present = network.peers.indices.filter {
                network.peers[$0].client.isJoined && network.peers[$0].ends.isEmpty
            }
            let chosen = present.isEmpty ? nil : present[random.below(present.count)]
            switch (random.below(20), chosen) {
            case (0...1, _) where network.room.memberCount < 20:
                network.add(nick: random.below(2) == 0 ? "" : "nick\(random.below(30))")
            case (2, let peer?) where peer != 0 && present.count > 5 && network.peers[peer].isUp:
                // A link that breaks now, as that of one who says something too late does, would leave it away.
                try network.carry(of: [peer])
                guard network.peers[peer].isUp, network.peers[peer].ends.isEmpty else { break }
                network.act(peer) { client, actions in client.leave(actions: &actions) }
                try network.carry(of: [peer])
            case (3, let peer?):
                try? network.act(peer) { client, actions in
                    try client.changeNick(to: "nick\(random.below(30))", actions: &actions)
                }
            case (4, let peer?) where peer != 0 && network.peers[peer].isUp:
                if network.disk != nil, random.below(4) == 0 { network.overrun(peer) } else { network.breakLink(peer) }
            case (5...6, _):
                if let away = network.peers.indices.first(where: { !network.peers[$0].isUp }) {
                    network.mendLink(away)
                }
            case (16, _) where network.isRelay && random.below(12) == 0:
                for peer in network.peers.indices where network.peers[peer].isUp { network.breakLink(peer) }
                network.add()
                try network.carry()
            case (7, _):
                network.timePassed(.seconds(random.below(15)))
            case (17...18, let peer) where isModerated && random.below(3) == 0:
                try moderate(network, as: peer, &random)
            case (18, let peer?) where spoiling.count < spoilers && random.below(6) == 0:
                spoiling.insert(peer)
                let group = try #require(network.peers[peer].client.engine as? PlainGroup)
                group.hindrance = random.below(2) == 0 ? .all : .oddIDs
            case (17, _) where !network.isRelay && random.below(8) == 0:
                moderate(network, random.below(3))
            case (8...15, let peer?):
                nextText += 1
                // Slow mode says no.
                if isModerated {
                    try? network.say("text \(nextText)", peer)
                } else {
                    try network.say("text \(nextText)", peer)
                }
            default:
                _ = try network.step(upTo: 1 + random.below(4))
            }
        }
        for peer in spoiling { (network.peers[peer].client.engine as? PlainGroup)?.hindrance = .nobody }
        // Who says something too late loses its link once more, and who comes in again may have to wait for its turn.
        var rounds = 0
        if isModerated { network.moderateAll { room, _, actions in room.setSlowMode(seconds: 0, actions: &actions) } }
        repeat {
            while let id = network.room.waiting.first?.id {
                network.moderateAll { room, now, actions in
                    room.decide(on: id, refusal: nil, now: now, actions: &actions)
                }
            }
            for peer in network.peers.indices where !network.peers[peer].isUp { network.mendLink(peer) }
            try network.carry()
            network.timePassed(.seconds(1))
            try network.carry()
            rounds += 1
        } while rounds < 100
            && network.peers.contains(where: {
                $0.ends.isEmpty && !($0.isUp && $0.client.isJoined && $0.client.outboxCount == 0)
            })
        try checkOrder(network, atLeast: texts, isSpoilt: spoilers > 0)
        try checkMembership(network)
    }

    private func moderate(_ network: RoomNetwork, _ choice: Int) {
        network.moderateAll { room, now, actions in
            switch choice {
            case 0: room.setTopic("topic \(room.nextSequence)", actions: &actions)
            case 1: room.setLocked(!room.settings.isLocked, actions: &actions)
            default: room.hostWasAway(for: .seconds(3))
            }
        }
    }

    /// One of all the things that a host, or a member that moderates, can do with a room.
    private func moderate(_ network: RoomNetwork, as peer: Int?, _ random: inout SeededRandom) throws {
        let room = network.room
        let others = room.members.inOrder.filter { !$0.isHost }
        let other = others.isEmpty ? nil : others[random.below(others.count)]
        let choice = random.below(14)
        switch (choice, other) {
        case (0...2, _): moderate(network, choice)
        case (3, _):
            let seconds = Int64(random.below(4))
            network.moderateAll { room, _, actions in room.setSlowMode(seconds: seconds, actions: &actions) }
        case (4...5, let other?) where others.count > 5:
            network.moderateAll { room, now, actions in
                room.expel(other.id, banned: choice == 5, reason: "enough", now: now, actions: &actions)
            }
        case (6, _):
            try network.moderateAll { room, now, actions in
                try room.extend(by: .seconds(60), now: now, actions: &actions)
            }
        case (7, let other?):
            network.moderateAll { room, _, actions in room.inviteWasRevoked(for: [other.key], actions: &actions) }
        case (8...9, _) where !room.waiting.isEmpty:
            let id = room.waiting[random.below(room.waiting.count)].id
            network.moderateAll { room, now, actions in
                room.decide(on: id, refusal: choice == 8 ? .denied : nil, now: now, actions: &actions)
            }
        case (10, _):
            network.moderateAll { room, _, actions in
                room.move(to: OnionPlace(key: Array(1...32), port: 12_345), actions: &actions)
            }
        case (11, let other?):
            // Who may, names somebody, or takes that back.
            let command: RoomCommand = random.below(3) == 0 ? .deop(other.nick.text) : .op(other.nick.text)
            ask(command, peer, network)
        default:
            let commands: [RoomCommand] = [
                .lock, .unlock, .topic("by a member"), .slow(seconds: 1), .extend(seconds: 30),
            ]
            ask(commands[random.below(commands.count)], peer, network)
        }
    }

    /// A member asks for it, and what it may have is done as a host does it.
    private func ask(_ command: RoomCommand, _ peer: Int?, _ network: RoomNetwork) {
        let moderators = network.peers.indices.filter {
            network.peers[$0].client.isModerator && network.peers[$0].ends.isEmpty && network.peers[$0].isUp
        }
        guard let asking = moderators.first ?? peer else { return }
        let before = network.moderated.count
        try? network.act(asking) { client, actions in try client.moderate(command, actions: &actions) }
        try? network.carry(of: [asking])
        for (moderation, _) in network.moderated.dropFirst(before) {
            network.moderateAll { room, now, actions in
                switch moderation {
                case .lock(let isLocked): room.setLocked(isLocked, actions: &actions)
                case .topic(let text): room.setTopic(text, actions: &actions)
                case .slow(let seconds): room.setSlowMode(seconds: Int64(seconds), actions: &actions)
                case .extend(let seconds):
                    try? room.extend(by: .seconds(Int64(seconds)), now: now, actions: &actions)
                case .expel, .end: break
                }
            }
        }
    }

    private func checkOrder(_ network: RoomNetwork, atLeast texts: Int, isSpoilt: Bool) throws {
        var said: [UInt64: ChatEvent.ChatMessage] = [:]
        for peer in network.peers {
            for message in peer.messages {
                let sequence = try #require(message.sequence)
                if let known = said[sequence] {
                    try #require(known.id == message.id && known.text == message.text && known.from == message.from)
                } else {
                    said[sequence] = message
                }
            }
            let sequences = peer.numbers
            try #require(sequences == sequences.sorted() && Set(sequences).count == sequences.count)
        }
        try #require(said.count > texts)
        let end = network.room.nextSequence
        // What the host's own participant said before it was killed, with nobody else there, nobody has; nor what somebody said in an
        // epoch that others could not follow, if it came in anew before it heard of it: the others are told that they have missed it.
        if network.disk == nil, !isSpoilt { #expect(said.keys.sorted() == Array(1..<end)) }
        #expect(Set(said.values.map(\.id)).count == said.count, "a message was repeated")
        #expect(Set(said.values.map(\.text)).count == said.count, "a message was repeated")
        // Who stayed to the end got everything that it said through, and everything since it came.
        for peer in network.peers where peer.ends.isEmpty && peer.client.isJoined {
            #expect(peer.client.outboxCount == 0)
            #expect(try heard(by: peer) == end)
        }
    }

    /// The number behind the last that it heard, or was told to have missed, since it came in last; nothing before that is left out.
    private func heard(by peer: RoomNetwork.Peer) throws -> UInt64 {
        var next = try #require(peer.admissions.last?.nextSequence)
        for event in peer.events[peer.eventsOfStay...] {
            let number: UInt64?
            switch event {
            case .message(let message): number = message.sequence
            case .passedOver(let sequence): number = sequence
            case .warning(let notice) where notice.code == .messagesMissed:
                next += UInt64(notice.count ?? 0)
                continue
            default: continue
            }
            guard let number else { continue }
            try #require(number == next)
            next = number + 1
        }
        return next
    }

    private func checkMembership(_ network: RoomNetwork) throws {
        let present = network.peers.filter { $0.ends.isEmpty && $0.client.isJoined }
        try #require(present.count > 3)
        #expect(network.room.memberCount == present.count)
        for peer in present {
            #expect(peer.client.memberList == present[0].client.memberList)
            #expect(peer.client.slowMode.interval == network.room.settings.slowInterval)
            #expect(peer.client.conditions.isLocked == network.room.settings.isLocked)
        }
        #expect(Set(present[0].client.memberList.map { NickSkeleton($0.nick) }).count == present.count)
        #expect(Set(present.compactMap(\.client.id)) == Set(present[0].client.memberList.map(\.id)))
    }
}
