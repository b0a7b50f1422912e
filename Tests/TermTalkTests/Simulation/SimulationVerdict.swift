import Chat
import Room

@testable import TermTalk

/// Compares what everybody was told with what was said.
enum SimulationVerdict {
    static func complaints(of world: SimulatedRoom) -> [String] {
        var complaints: [String] = []
        if world.hostSequences != Array(1..<world.given + 1) {
            complaints.append("the host's own order has gaps")
        }
        for stay in world.stays {
            complaints += order(of: stay, in: world).map { "\(stay.name): \($0)" }
            complaints += sayings(of: stay, in: world).map { "\(stay.name): \($0)" }
        }
        let present = Set(world.alive.compactMap(\.ids.last)).union([world.host.localMember].compactMap { $0 })
        for stay in world.alive {
            if stay.isAway { complaints.append("\(stay.name) did not come back") }
            // The places of those that were killed may still be kept.
            if !present.isSubset(of: stay.members.keys) { complaints.append("\(stay.name) does not know all members") }
            if Set(stay.members.keys) != Set(world.host.localMembers.map(\.id)) {
                complaints.append("\(stay.name) knows other members than the host")
            }
        }
        return complaints
    }

    /// Each message once, at its number, with the host's text; gaps only where they were told, of that very size.
    private static func order(of stay: SimulatedStay, in world: SimulatedRoom) -> [String] {
        guard let firstNumbers = stay.firstNumbers else {
            return stay.isAlive ? ["did not come in"] : []
        }
        var next: UInt64?
        for told in stay.told {
            switch told {
            case .missed(let count):
                if let known = next {
                    next = known + UInt64(count)
                } else {
                    // All that is known of where it began are bounds.
                    next = nil
                }
            case .passedOver(let sequence):
                if let next, sequence != next { return ["passed over \(sequence) in place of \(next)"] }
                guard
                    next != nil || stay.missedCount > 0
                        || (firstNumbers.lowerBound + 1...firstNumbers.upperBound + 1).contains(sequence)
                else {
                    return ["passed over \(sequence) and came in at \(firstNumbers)"]
                }
                next = sequence + 1
            case .message(let sequence, let text):
                if let next, sequence != next { return ["got number \(sequence) in place of \(next)"] }
                if next == nil, stay.missedCount == 0,
                    !(firstNumbers.lowerBound + 1...firstNumbers.upperBound + 1).contains(sequence)
                {
                    return ["began with number \(sequence), and came in at \(firstNumbers)"]
                }
                guard sequence >= 1, sequence <= world.given else { return ["got number \(sequence), never given"] }
                if world.hostTexts[Int(sequence) - 1] != text { return ["got another text at \(sequence)"] }
                next = sequence + 1
            }
        }
        guard stay.isAlive else { return [] }
        if let next, next != world.given + 1 { return ["has heard up to \(next - 1) of \(world.given)"] }
        return []
    }

    /// What it said is in the order once, in the order in which it was said; all of it, if it lives.
    private static func sayings(of stay: SimulatedStay, in world: SimulatedRoom) -> [String] {
        let heard = world.hostTexts.filter { $0.hasPrefix(stay.name + " ") }
        let whispers = world.hostWhispers.filter { $0.hasPrefix(stay.name + " ") }
        guard whispers == Array(stay.whispered.prefix(whispers.count)) else { return ["whispered in another order"] }
        guard stay.isAlive else {
            return heard == Array(stay.said.prefix(heard.count)) ? [] : ["was heard in another order"]
        }
        if heard != stay.said { return ["said \(stay.said.count) and was heard with \(heard.count)"] }
        if whispers != stay.whispered {
            return ["whispered \(stay.whispered.count) and was heard with \(whispers.count)"]
        }
        if !stay.errors.isEmpty { return ["was told \(stay.errors)"] }
        let confirmed = stay.said.count + stay.whispered.count
        if stay.delivered != confirmed { return ["had \(stay.delivered) of \(confirmed) confirmed"] }
        return []
    }
}
