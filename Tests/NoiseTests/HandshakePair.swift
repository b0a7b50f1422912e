import Noise
import Sodium
import Testing

/// Both sides of a handshake with fresh keys.
struct HandshakePair: ~Copyable {
    var initiator: HandshakeState
    var responder: HandshakeState
    let initiatorKey: X25519.PublicKey
    let responderKey: X25519.PublicKey

    /// What differs on the initiator's side from what the two should share.
    enum Disagreement: CaseIterable {
        case prologue, presharedKey, responderKey
    }

    init(_ pattern: HandshakePattern, disagreeing disagreement: Disagreement? = nil) throws {
        let initiatorStatic = X25519.PrivateKey()
        let responderStatic = X25519.PrivateKey()
        let initiatorKey = initiatorStatic.publicKey
        let responderKey = responderStatic.publicKey
        let psk = SecretBytes(randomCount: HandshakeState.presharedKeyByteCount)
        let otherPsk = SecretBytes(randomCount: HandshakeState.presharedKeyByteCount)
        let remote = disagreement == .responderKey ? X25519.PrivateKey().publicKey : responderKey
        let initiator = try HandshakeState(
            pattern: pattern, role: .initiator, prologue: disagreement == .prologue ? [1] : [],
            staticKey: initiatorStatic, remoteStatic: pattern.responderPreMessage.isEmpty ? nil : remote,
            presharedKey: pattern.usesPresharedKey
                ? disagreement == .presharedKey ? otherPsk.clone() : psk.clone() : nil)
        let responder = try HandshakeState(
            pattern: pattern, role: .responder, prologue: [], staticKey: responderStatic, remoteStatic: nil,
            presharedKey: pattern.usesPresharedKey ? psk.clone() : nil)
        self.initiator = initiator
        self.responder = responder
        self.initiatorKey = initiatorKey
        self.responderKey = responderKey
    }

    /// Lets the side whose turn it is write a message, and the other read what `change` makes of it.
    mutating func pass(
        _ payload: [UInt8] = [], through change: ([UInt8]) -> [UInt8] = { $0 }
    ) throws(NoiseError) -> [UInt8] {
        if initiator.isMyTurn {
            let message = change(try initiator.writeMessage(payload: payload))
            return try responder.readMessage(message.span)
        }
        let message = change(try responder.writeMessage(payload: payload))
        return try initiator.readMessage(message.span)
    }

    mutating func passAll() throws(NoiseError) {
        while !(initiator.isFinished && responder.isFinished) {
            _ = try pass()
        }
    }

    /// Both transports of a finished handshake.
    consuming func split() throws -> TransportPair {
        TransportPair(initiator: try initiator.split(), responder: try responder.split())
    }
}

/// Both sides after a handshake.
struct TransportPair: ~Copyable {
    var initiator: Transport
    var responder: Transport

    init(initiator: consuming Transport, responder: consuming Transport) {
        self.initiator = initiator
        self.responder = responder
    }

    /// After a handshake with fresh keys.
    static func fresh(_ pattern: HandshakePattern = .XX) throws -> TransportPair {
        var pair = try HandshakePair(pattern)
        try pair.passAll()
        return try pair.split()
    }
}
