internal import Chat

/// The key that each id was last seen with: an id is made from its key, but short enough that another key for it can be
/// found.
struct PinnedKeys {
    private let limit: Int
    private var keys: [MemberID: [UInt8]] = [:]

    /// - Parameter limit: ids that are remembered; past it those of people who are not in the group are forgotten.
    init(limit: Int) {
        self.limit = limit
    }

    /// Returns whether the id was seen with another key before.
    mutating func note(_ key: [UInt8], of id: MemberID) -> Bool {
        keys.updateValue(key, forKey: id).map { $0 != key } ?? false
    }

    mutating func trim(keeping isPresent: (MemberID) -> Bool) {
        guard keys.count > limit else { return }
        keys = keys.filter { isPresent($0.key) }
    }
}
