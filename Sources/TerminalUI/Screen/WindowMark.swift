/// What has come into a window since it was seen.
struct UnseenMessages: Sendable, Equatable {
    var count = 0
    /// Whether somebody, or something, wants the person.
    var isCalling = false
}

/// How a window stands, for the bar of the one that is seen.
package struct WindowMark: Sendable, Equatable {
    let number: Int
    let isShown: Bool
    let isClosed: Bool
    let unseen: UnseenMessages

    /// `[1]` for the one that is seen, `2` for one with nothing new, `3:5` for one with five messages, `4:1!` where the person
    /// is wanted, `5x` where the room is closed.
    var text: String {
        guard !isShown else { return "[\(number)]" }
        let count = unseen.count > 0 ? ":\(unseen.count)" : ""
        return "\(number)\(count)\(unseen.isCalling ? "!" : "")\(isClosed ? "x" : "")"
    }
}
