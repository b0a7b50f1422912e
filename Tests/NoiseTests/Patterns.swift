import Noise

/// Patterns that the product does not use but public vectors have (sections 7.4, 7.5 and 9.4), so that the engine is
/// tested on every kind of token sequence.
enum Patterns {
    /// Without modifiers.
    private static let fundamental: [HandshakePattern] = [
        .init(name: "N", responderPreMessage: [.s], messages: [[.e, .es]]),
        .init(name: "K", initiatorPreMessage: [.s], responderPreMessage: [.s], messages: [[.e, .es, .ss]]),
        .init(name: "X", responderPreMessage: [.s], messages: [[.e, .es, .s, .ss]]),
        .init(name: "NN", messages: [[.e], [.e, .ee]]),
        .init(name: "NK", responderPreMessage: [.s], messages: [[.e, .es], [.e, .ee]]),
        .init(name: "NX", messages: [[.e], [.e, .ee, .s, .es]]),
        .init(name: "KN", initiatorPreMessage: [.s], messages: [[.e], [.e, .ee, .se]]),
        .init(
            name: "KK", initiatorPreMessage: [.s], responderPreMessage: [.s],
            messages: [[.e, .es, .ss], [.e, .ee, .se]]),
        .init(name: "KX", initiatorPreMessage: [.s], messages: [[.e], [.e, .ee, .se, .s, .es]]),
        .init(name: "XN", messages: [[.e], [.e, .ee], [.s, .se]]),
        .init(name: "XK", responderPreMessage: [.s], messages: [[.e, .es], [.e, .ee], [.s, .se]]),
        .XX,
        .init(name: "IN", messages: [[.e, .s], [.e, .ee, .se]]),
        .init(name: "IK", responderPreMessage: [.s], messages: [[.e, .es, .s, .ss], [.e, .ee, .se]]),
        .init(name: "IX", messages: [[.e, .s], [.e, .ee, .se, .s, .es]]),
    ]

    /// The pattern of this name, with one psk modifier or none; `nil` when there is no such pattern.
    static func named(_ name: String) -> HandshakePattern? {
        guard name != HandshakePattern.XKpsk0.name else { return .XKpsk0 }
        let parts = name.split(separator: "psk")
        guard let base = fundamental.first(where: { $0.name == parts[0] }) else { return nil }
        guard parts.count == 2 else { return parts.count == 1 ? base : nil }
        guard let place = Int(parts[1]), (0...base.messages.count).contains(place) else { return nil }
        // Section 9.4: psk0 opens the first message, pskN ends the Nth.
        var messages = base.messages
        if place == 0 {
            messages[0].insert(.psk, at: 0)
        } else {
            messages[place - 1].append(.psk)
        }
        return HandshakePattern(
            name: name, initiatorPreMessage: base.initiatorPreMessage, responderPreMessage: base.responderPreMessage,
            messages: messages)
    }
}
