internal import Chat

/// What a room is like. It is told right after a member has come in; one that had no place meanwhile was never told what is over by then.
struct RoomConditions {
    private(set) var isLocked = false
    private var hasTopic = false
    /// What was so when the member lost its place, and is over unless what comes next says otherwise.
    private var over: [RoomChange] = []

    /// The member was let in anew; whether slow mode was on when it had a place last.
    mutating func forget(wasSlow: Bool) {
        over = []
        if isLocked { over.append(.locked(false)) }
        if hasTopic { over.append(.topic("")) }
        if wasSlow { over.append(.slow(seconds: 0)) }
        isLocked = false
        hasTopic = false
    }

    /// The room says this. Returns what is over, to be told before.
    mutating func hear(_ message: HostMessage) -> [RoomChange] {
        switch message {
        case .lockChanged(let isLocked):
            self.isLocked = isLocked
            over.removeAll { $0 == .locked(false) }
        case .topicChanged(let text):
            hasTopic = !text.isEmpty
            over.removeAll { $0 == .topic("") }
        case .slowMode:
            over.removeAll { $0 == .slow(seconds: 0) }
        default:
            defer { over = [] }
            return over
        }
        return []
    }
}
