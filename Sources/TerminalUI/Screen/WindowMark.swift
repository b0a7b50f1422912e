/// What has come into a window since it was seen.
struct UnseenMessages: Sendable, Equatable {
    var count = 0
    /// Whether somebody, or something, wants the person.
    var isCalling = false
}

/// How a window stands, for the bar of the one that is seen.
package struct WindowMark: Sendable, Equatable {
    let number: Int
    /// Who hosts the room, as a nick that can be shown; empty where nobody does.
    let host: String
    let isShown: Bool
    let isClosed: Bool
    let unseen: UnseenMessages

    /// `[1]` for the one that is seen, `2` for one with nothing new, `3:5` for one with five messages, `4:1!` where the person
    /// is wanted, `5x` where the room is closed.
    var text: String {
        guard !isShown else { return "[\(number)]" }
        return "\(number)\(unseen.count > 0 ? ":" : "")\(state)"
    }

    /// The same with the host's nick: `[1 ana]`, `2 bob`, `3 carol:5`, `5 dave:x`.
    var longText: String {
        guard !host.isEmpty else { return text }
        let name = "\(number) \(Self.cut(host))"
        guard !isShown else { return "[\(name)]" }
        return state.isEmpty ? name : "\(name):\(state)"
    }

    private var state: String {
        "\(unseen.count > 0 ? "\(unseen.count)" : "")\(unseen.isCalling ? "!" : "")\(isClosed ? "x" : "")"
    }

    private static func cut(_ nick: String) -> String {
        nick.count > nickLimit ? "\(nick.prefix(nickLimit - 1))…" : nick
    }

    /// Characters of a nick in the bar, where nine may stand.
    private static let nickLimit = 10
}
