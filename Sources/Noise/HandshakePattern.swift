/// A handshake pattern as section 7 writes it: what both sides know before, and the tokens of each message.
package struct HandshakePattern: Sendable, Hashable {
    /// A step of a message (sections 7.1 and 9.1).
    package enum Token: Sendable, Hashable {
        /// An ephemeral or a static public key.
        case e, s
        /// A Diffie-Hellman exchange; the first letter is the initiator's key, the second the responder's.
        case ee, es, se, ss
        /// The pre-shared key.
        case psk
    }

    /// The name, with modifiers, as it stands in a protocol name: `XX`, `XKpsk0`.
    package let name: String
    /// The public keys of the initiator that the responder knows beforehand: `e` and `s` only.
    package let initiatorPreMessage: [Token]
    /// The public keys of the responder that the initiator knows beforehand: `e` and `s` only.
    package let responderPreMessage: [Token]
    /// The messages; the initiator writes the first, then they alternate.
    package let messages: [[Token]]

    /// A pattern; that it is a valid one (sections 7.3 and 9.3) is up to its author.
    package init(
        name: String, initiatorPreMessage: [Token] = [], responderPreMessage: [Token] = [], messages: [[Token]]
    ) {
        self.name = name
        self.initiatorPreMessage = initiatorPreMessage
        self.responderPreMessage = responderPreMessage
        self.messages = messages
    }

    /// Both sides send their static keys (section 7.5).
    package static let XX = HandshakePattern(name: "XX", messages: [[.e], [.e, .ee, .s, .es], [.s, .se]])

    /// The initiator knows the responder's static key and a pre-shared key, mixed in first (sections 7.5 and 9.4).
    package static let XKpsk0 = HandshakePattern(
        name: "XKpsk0", responderPreMessage: [.s], messages: [[.psk, .e, .es], [.e, .ee], [.s, .se]])

    /// The name of the whole protocol (section 8).
    var protocolName: String { "Noise_\(name)_25519_ChaChaPoly_BLAKE2b" }

    /// Whether there is a pre-shared key, so that ephemeral keys are mixed into the chaining key too (section 9.2).
    package var usesPresharedKey: Bool { messages.joined().contains(.psk) }

    func preMessage(of role: Role) -> [Token] {
        role == .initiator ? initiatorPreMessage : responderPreMessage
    }

    /// Whether `role` needs a static key of its own.
    func needsStaticKey(of role: Role) -> Bool {
        preMessage(of: role).contains(.s)
            || messages.indices.contains { index in
                messages[index].contains(.s) && Role.writer(ofMessage: index) == role
            }
    }
}

/// The side of a handshake.
package enum Role: Sendable, Hashable {
    /// Writes the first message.
    case initiator
    /// Reads the first message.
    case responder

    /// The other side.
    var peer: Role { self == .initiator ? .responder : .initiator }

    static func writer(ofMessage index: Int) -> Role {
        index.isMultiple(of: 2) ? .initiator : .responder
    }
}
