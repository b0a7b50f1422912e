import Noise
import Sodium
import TestSupport
import Testing

/// One handshake with transport messages, in the format of cacophony and snow, with what the generated files add.
struct NoiseVector: Decodable {
    struct Message: Decodable {
        let payload: String
        let ciphertext: String
        /// Who writes it, `init` or `resp`; without it the two alternate.
        var sender: String?
        /// Both sides rekey this direction first.
        var rekeyBefore: Bool?
    }

    /// What we speak (section 8).
    static let suite = "25519_ChaChaPoly_BLAKE2b"

    let protocolName: String
    var initPrologue: String?
    var respPrologue: String?
    var initEphemeral: String?
    var respEphemeral: String?
    var initStatic: String?
    var respStatic: String?
    var initRemoteStatic: String?
    var respRemoteStatic: String?
    var initPsks: [String]?
    var respPsks: [String]?
    var handshakeHash: String?
    let messages: [Message]

    /// The pattern, or why the vector is none of ours.
    var pattern: Result<HandshakePattern, PassedOver> {
        let parts = protocolName.split(separator: "_", omittingEmptySubsequences: false)
        guard parts.count == 5, parts[0] == "Noise" else { return .failure(PassedOver(reason: "malformed name")) }
        let suite = parts[2...].joined(separator: "_")
        guard suite == Self.suite else { return .failure(PassedOver(reason: suite)) }
        guard let pattern = Patterns.named(String(parts[1])) else {
            return .failure(PassedOver(reason: "pattern \(parts[1])"))
        }
        return .success(pattern)
    }

    struct PassedOver: Error {
        let reason: String
    }

    func handshake(_ pattern: HandshakePattern, as role: Role) throws -> HandshakeState {
        let isInitiator = role == .initiator
        return try HandshakeState(
            pattern: pattern, role: role, prologue: bytes(hex: (isInitiator ? initPrologue : respPrologue) ?? ""),
            staticKey: privateKey(isInitiator ? initStatic : respStatic),
            remoteStatic: (isInitiator ? initRemoteStatic : respRemoteStatic).map { try .init(bytes(hex: $0)) },
            presharedKey: secret((isInitiator ? initPsks : respPsks)?.first),
            fixedEphemeral: privateKey(isInitiator ? initEphemeral : respEphemeral))
    }

    private func privateKey(_ text: String?) throws -> X25519.PrivateKey? {
        guard let text else { return nil }
        return try X25519.PrivateKey(copying: SecretBytes(hex: text))
    }

    private func secret(_ text: String?) throws -> SecretBytes? {
        guard let text else { return nil }
        return try SecretBytes(hex: text)
    }

    /// Plays both sides and compares every byte.
    func check(_ pattern: HandshakePattern) throws {
        var initiator = try handshake(pattern, as: .initiator)
        var responder = try handshake(pattern, as: .responder)
        let handshakeCount = pattern.messages.count
        for (index, message) in messages.prefix(handshakeCount).enumerated() {
            if index.isMultiple(of: 2) {
                try message.check(from: &initiator, to: &responder)
            } else {
                try message.check(from: &responder, to: &initiator)
            }
        }
        if let handshakeHash {
            #expect(hex(initiator.handshakeHash) == handshakeHash, "\(protocolName)")
        }
        var first = try initiator.split()
        var second = try responder.split()
        #expect(first.handshakeHash == second.handshakeHash)
        // One-way patterns: the initiator writes everything.
        let isOneWay = handshakeCount == 1
        for (index, message) in messages.enumerated().dropFirst(handshakeCount) {
            let byInitiator = message.sender.map { $0 == "init" } ?? (isOneWay || index.isMultiple(of: 2))
            if byInitiator {
                try message.check(from: &first.sending, to: &second.receiving)
            } else {
                try message.check(from: &second.sending, to: &first.receiving)
            }
        }
    }
}

extension NoiseVector.Message {
    func check(from writer: inout HandshakeState, to reader: inout HandshakeState) throws {
        let plaintext = try bytes(hex: payload)
        let message = try writer.writeMessage(payload: plaintext)
        #expect(hex(message) == ciphertext)
        let read = try reader.readMessage(message.span)
        #expect(read == plaintext)
    }

    func check(from sending: inout CipherState, to receiving: inout CipherState) throws {
        if rekeyBefore == true {
            sending.rekey()
            receiving.rekey()
        }
        let plaintext = try bytes(hex: payload)
        var buffer = plaintext + [UInt8](repeating: 0, count: CipherState.tagByteCount)
        var span = buffer.mutableSpan
        try sending.encrypt(inPlace: &span)
        #expect(hex(buffer) == ciphertext)
        span = buffer.mutableSpan
        try receiving.decrypt(inPlace: &span)
        #expect(Array(buffer.dropLast(CipherState.tagByteCount)) == plaintext)
    }
}
