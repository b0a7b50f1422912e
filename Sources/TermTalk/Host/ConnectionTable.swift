internal import Room

/// The connections of a host, by slot; and who is a member.
struct ConnectionTable {
    /// Slot 0 is the host's own participant's and never used here.
    private var slots: [HostConnection?] = [nil]
    private var freeSlots: [Int] = []
    /// Those of a room that several hosts hold, whose numbers are used once.
    private var shared: [LinkID: HostConnection] = [:]
    private(set) var members: [HostConnection] = []
    /// Members no longer, which still get what was said to them.
    private(set) var leaving: [HostConnection] = []

    subscript(link: LinkID) -> HostConnection? {
        if link.host > 0 { return shared[link] }
        return slots.indices.contains(link.slot) ? slots[link.slot] : nil
    }

    var all: [HostConnection] {
        slots.compactMap { $0 } + shared.values.sorted { $0.link.slot < $1.link.slot }
    }
    var isEmpty: Bool { shared.isEmpty && slots.allSatisfy { $0 == nil } }

    func holds(_ connection: HostConnection) -> Bool {
        self[connection.link] === connection
    }

    /// A slot for a connection that is about to be added.
    mutating func freeLink() -> LinkID {
        if let slot = freeSlots.popLast() { return LinkID(slot: slot) }
        slots.append(nil)
        return LinkID(slot: slots.count - 1)
    }

    mutating func add(_ connection: HostConnection) {
        guard connection.link.host == 0 else { return shared[connection.link] = connection }
        slots[connection.link.slot] = connection
    }

    mutating func becameMember(_ connection: HostConnection) {
        members.append(connection)
    }

    mutating func leaves(_ connection: HostConnection) {
        members.removeAll { $0 === connection }
        if !leaving.contains(where: { $0 === connection }) { leaving.append(connection) }
    }

    mutating func remove(_ connection: HostConnection) {
        members.removeAll { $0 === connection }
        leaving.removeAll { $0 === connection }
        guard holds(connection) else { return }
        guard connection.link.host == 0 else { return shared[connection.link] = nil }
        slots[connection.link.slot] = nil
        freeSlots.append(connection.link.slot)
    }
}
