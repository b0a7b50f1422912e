/// When the person is called, by the terminal's bell or by a notification of the desktop. A value.
package struct Alerts: Sendable {
    /// What is worth it.
    package enum Occasion: String, Sendable, CaseIterable {
        case never
        /// When somebody says one's nick, or says something to oneself only.
        case mention
        /// At each message of others.
        case message
    }

    /// Seconds between two of a kind: one calls the person, and a flood of messages must not be one of bells.
    static let interval: Int64 = 3
    /// Characters of a message in a notification.
    static let maximumTextCount = 100

    private struct Kind: Sendable {
        let occasion: Occasion
        var isDue = false
        var lastAt: Int64 = -Alerts.interval

        mutating func happened(isCall: Bool) {
            if occasion == .message || (occasion == .mention && isCall) { isDue = true }
        }

        /// Whether one is due; asking answers it.
        mutating func take(_ now: Int64) -> Bool {
            defer { isDue = false }
            guard isDue, now - lastAt >= Alerts.interval else { return false }
            lastAt = now
            return true
        }
    }

    private var bell: Kind
    private var notification: Kind
    private let tellsText: Bool
    private var text = ""

    /// - Parameter tellsText: whether notifications say what was said: desktops show them on locked screens, and keep them.
    package init(bell: Occasion = .mention, notification: Occasion = .never, tellsText: Bool = false) {
        self.bell = Kind(occasion: bell)
        self.notification = Kind(occasion: notification)
        self.tellsText = tellsText
    }

    /// Something was said, perhaps to the person.
    mutating func said(_ message: String, by name: String, isCall: Bool) {
        bell.happened(isCall: isCall)
        notification.happened(isCall: isCall)
        let line = Sanitizer.sanitize("\(name): \(message)", as: .line)
        text = tellsText ? String(line.prefix(Self.maximumTextCount)) : isCall ? Self.call : Self.message
    }

    /// Something else wants the person.
    mutating func called() {
        bell.happened(isCall: true)
        notification.happened(isCall: true)
        text = Self.call
    }

    /// What the person did cannot be.
    mutating func refused() { bell.happened(isCall: true) }

    private static let call = "you are wanted in a room"
    private static let message = "somebody said something in a room"

    mutating func takeBell(_ now: Int64) -> Bool { bell.take(now) }

    /// The text of a notification; nil when none is due.
    mutating func takeNotification(_ now: Int64) -> String? { notification.take(now) ? text : nil }
}
