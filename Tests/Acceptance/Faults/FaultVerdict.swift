import Chat
import Room

/// What has been lost, repeated and reordered, by what every process printed.
struct FaultVerdict: CustomStringConvertible {
    private(set) var messages = 0
    private(set) var deliveries = 0
    private(set) var lost = 0
    private(set) var repeated = 0
    private(set) var reordered = 0
    /// Another text than the host has at the same number.
    private(set) var altered = 0
    /// How many messages somebody was told to have missed.
    private(set) var toldMissed = 0
    /// What somebody was told that would accuse the host or a member: all are honest here.
    private(set) var accusations = 0
    private(set) var examples: [String] = []

    var isClean: Bool { lost == 0 && repeated == 0 && reordered == 0 && altered == 0 && accusations == 0 }

    var description: String {
        """
        \(messages) messages, \(deliveries) deliveries: lost \(lost), repeated \(repeated), reordered \(reordered), \
        altered \(altered), told as missed \(toldMissed), accusations \(accusations)\(examples.map { "\n  " + $0 }.joined())
        """
    }

    /// - Parameter stays: everybody. The room's order is what any of them has printed at a number.
    init(stays: [FaultStay]) {
        var order: [Int: String] = [:]
        for stay in stays {
            for event in Self.messages(of: stay) {
                guard let sequence = event.seq, let text = event.text else { continue }
                if order.updateValue(text, forKey: sequence) ?? text != text { altered += 1 }
            }
        }
        messages = order.count
        let end = (order.keys.max() ?? 0) + 1
        for stay in stays {
            compare(Self.messages(of: stay), of: stay, end: end)
            lookForAccusations(in: stay)
        }
        let texts = order.sorted { $0.key < $1.key }.map(\.value)
        for stay in stays { checkSayings(of: stay, in: texts) }
    }

    private static func messages(of stay: FaultStay) -> [ProgramEvent] {
        stay.process.eventsSoFar.filter {
            ["message", "passed-over"].contains($0.event) || $0.code == "messages-missed"
        }
    }

    private mutating func compare(_ heard: [ProgramEvent], of stay: FaultStay, end: Int) {
        var next: Int?
        for event in heard {
            guard let sequence = event.seq else {
                let count = event.count ?? 0
                toldMissed += count
                next = next.map { $0 + count }
                continue
            }
            deliveries += event.event == "message" ? 1 : 0
            let expected = next ?? (stay.isFirst ? 1 : sequence)
            if sequence < expected {
                let isRepeated = heard.count { $0.seq == sequence } > 1
                if isRepeated { repeated += 1 } else { reordered += 1 }
                note("\(stay.name) got \(sequence) in place of \(expected)")
                continue
            }
            if sequence > expected {
                lost += sequence - expected
                note("\(stay.name) got \(sequence) in place of \(expected)")
            }
            next = sequence + 1
        }
        // A process that was killed has heard a part, but none in between is missing.
        guard !stay.isKilled else { return }
        if let next, next < end {
            lost += end - next
            note("\(stay.name) heard up to \(next - 1) of \(end - 1)")
        } else if next == nil {
            lost += messages
            note("\(stay.name) heard nothing")
        }
    }

    private mutating func lookForAccusations(in stay: FaultStay) {
        for event in stay.process.eventsSoFar {
            guard let code = event.event == "connection" ? event.cause : event.code,
                code.hasPrefix("group-") || code == NoticeCode.notTermtalk.rawValue
            else { continue }
            accusations += 1
            note("\(stay.name) was told: \(code)")
        }
    }

    private mutating func checkSayings(of stay: FaultStay, in texts: [String]) {
        let numbers = texts.filter { $0.hasPrefix(stay.name + ":") }.compactMap {
            Int($0.dropFirst(stay.name.count + 1))
        }
        repeated += numbers.count - Set(numbers).count
        reordered += zip(numbers, numbers.dropFirst()).count { $0 >= $1 }
        // A process that was killed may have had some in its outbox, but none in between.
        let expected = stay.isKilled ? (numbers.max() ?? -1) + 1 : stay.said
        let missing = expected - Set(numbers).count
        if missing > 0 {
            lost += missing
            note("\(missing) of \(expected) that \(stay.name) said were not heard")
        }
    }

    private mutating func note(_ text: String) {
        if examples.count < 10 { examples.append(text) }
    }
}
