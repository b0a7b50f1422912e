/// How long messages and arrivals take, in nanoseconds.
struct LoadTimes {
    /// Members at which deliveries are looked at.
    var listeners = 0
    /// When each message was posted, in the order in which all get them.
    private(set) var posted: [UInt64] = []
    /// Deliveries of each listener before the first of these.
    private var before: [Int] = []
    /// Of these, those that each has had.
    private var had: [Int] = []
    /// From posting to delivery, one for each listener.
    private(set) var deliveries: [UInt64] = []
    /// When somebody began to connect, by slot.
    private var opened: [Int: UInt64] = [:]
    /// From connecting to being in the room.
    private(set) var arrivals: [UInt64] = []

    /// The messages from now on; `delivered` are those that each listener has had.
    mutating func begin(delivered: [Int]) {
        listeners = delivered.count
        before = delivered
        had = Array(repeating: 0, count: listeners)
        posted = []
        deliveries = []
    }

    mutating func posts(at time: UInt64) { posted.append(time) }

    mutating func opens(_ slot: Int, at time: UInt64) { opened[slot] = time }

    /// A member has come in, or has had one or more messages.
    mutating func happened(_ slot: Int, _ member: LoadMember, at time: UInt64) {
        if member.isJoined, let start = opened.removeValue(forKey: slot) { arrivals.append(time - start) }
        guard slot < listeners else { return }
        let now = member.delivered - before[slot]
        for number in had[slot]..<max(had[slot], min(now, posted.count)) {
            deliveries.append(time - min(time, posted[number]))
        }
        had[slot] = now
    }

    /// All that was posted has come everywhere.
    var isComplete: Bool { deliveries.count == posted.count * listeners }

    /// A quantile in milliseconds; 0 of nothing.
    static func milliseconds(_ values: [UInt64], _ quantile: Double) -> Double {
        let sorted = values.sorted()
        guard let last = sorted.last else { return 0 }
        let index = Int(quantile * Double(sorted.count))
        return Double(index < sorted.count ? sorted[index] : last) / 1e6
    }
}
