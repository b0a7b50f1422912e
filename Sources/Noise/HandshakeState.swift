package import Sodium
import Wire

/// One side of a Noise handshake, 25519_ChaChaPoly_BLAKE2b (section 5.3).
///
/// Write when ``isMyTurn``, feed messages of the peer to ``readMessage(_:)``, and when ``isFinished`` turn the state
/// into a ``Transport``. After any error the handshake is dead: drop it and the connection.
package struct HandshakeState: ~Copyable, Sendable {
    private let pattern: HandshakePattern
    private let role: Role
    private var symmetric: SymmetricState
    private var localStatic: X25519.PrivateKey?
    private var localEphemeral: X25519.PrivateKey?
    private var presharedKey: SecretBytes?
    private var remoteEphemeral: X25519.PublicKey?
    private var fixedEphemeral: X25519.PrivateKey?
    private var nextMessage = 0
    private var hasFailed = false

    /// The static key of the peer: given, or read from a message. It is authentic only when the pattern says so,
    /// for both of our patterns once ``isFinished``.
    package private(set) var remoteStatic: X25519.PublicKey?

    /// The length of a pre-shared key in bytes (section 9.1).
    package static let presharedKeyByteCount = 32

    /// Starts a handshake. `prologue` must be the same on both sides.
    ///
    /// Throws ``NoiseError/missingKey`` when the pattern needs a key that is not given, ``NoiseError/unexpectedKey``
    /// when it has no use for one that is, or when a pre-shared key has not 32 bytes.
    package init(
        pattern: HandshakePattern, role: Role, prologue: [UInt8], staticKey: consuming X25519.PrivateKey?,
        remoteStatic: X25519.PublicKey?, presharedKey: consuming SecretBytes?
    ) throws(NoiseError) {
        try self.init(
            pattern: pattern, role: role, prologue: prologue, staticKey: staticKey, remoteStatic: remoteStatic,
            presharedKey: presharedKey, fixedEphemeral: nil)
    }

    /// Starts a handshake with an ephemeral key that is not random: for test vectors only.
    package init(
        pattern: HandshakePattern, role: Role, prologue: [UInt8], staticKey: consuming X25519.PrivateKey?,
        remoteStatic: X25519.PublicKey?, presharedKey: consuming SecretBytes?,
        fixedEphemeral: consuming X25519.PrivateKey?
    ) throws(NoiseError) {
        let peerIsKnown = pattern.preMessage(of: role.peer).contains(.s)
        try Self.check(isNeeded: pattern.needsStaticKey(of: role), isGiven: staticKey != nil)
        try Self.check(isNeeded: peerIsKnown, isGiven: remoteStatic != nil)
        try Self.check(isNeeded: pattern.usesPresharedKey, isGiven: presharedKey != nil)
        guard Self.hasRightLength(presharedKey) else { throw .unexpectedKey }

        self.pattern = pattern
        self.role = role
        self.remoteStatic = remoteStatic
        self.presharedKey = presharedKey
        self.fixedEphemeral = fixedEphemeral
        symmetric = SymmetricState(protocolName: pattern.protocolName)
        symmetric.mixHash(prologue.span)
        localStatic = staticKey
        let localPublic = Self.publicKey(of: localStatic)
        for side in [Role.initiator, .responder] where pattern.preMessage(of: side).contains(.s) {
            if let key = side == role ? localPublic : remoteStatic {
                symmetric.mixHash(key.bytes.span)
            }
        }
    }

    /// Whether all messages have been written and read.
    package var isFinished: Bool { !hasFailed && nextMessage == pattern.messages.count }

    /// Whether the next message is ours to write.
    package var isMyTurn: Bool {
        !hasFailed && nextMessage < pattern.messages.count && Role.writer(ofMessage: nextMessage) == role
    }

    /// The hash of everything so far, 64 bytes, public; after the last message it names this handshake (section 11.2).
    package var handshakeHash: [UInt8] { symmetric.hash }

    /// The next message to the peer, carrying `payload`: at most 65,535 bytes with everything that the pattern adds.
    package mutating func writeMessage(payload: [UInt8] = []) throws(NoiseError) -> [UInt8] {
        do throws(NoiseError) {
            return try write(payload)
        } catch {
            die()
            throw error
        }
    }

    /// The payload of the next message of the peer.
    package mutating func readMessage(_ message: Span<UInt8>) throws(NoiseError) -> [UInt8] {
        do throws(NoiseError) {
            return try read(message)
        } catch {
            die()
            throw error
        }
    }

    /// The ciphers for what follows the handshake. Throws ``NoiseError/unfinished`` before the last message, and
    /// ``NoiseError/failedBefore`` after an error.
    package consuming func split() throws(NoiseError) -> Transport {
        guard !hasFailed else { throw .failedBefore }
        guard isFinished else { throw .unfinished }
        return symmetric.split(role: role, remoteStatic: remoteStatic)
    }
}

// `?.` on an optional that cannot be copied is avoided in this file, in favour of `switch`: in debug builds Swift 6.3
// takes a nil written by generic code, such as `Optional.map`, for a value.
extension HandshakeState {
    private static func hasRightLength(_ presharedKey: borrowing SecretBytes?) -> Bool {
        switch presharedKey {
        case .none: true
        case .some(let key): key.count == presharedKeyByteCount
        }
    }

    private static func publicKey(of privateKey: borrowing X25519.PrivateKey?) -> X25519.PublicKey? {
        switch privateKey {
        case .none: nil
        case .some(let key): key.publicKey
        }
    }

    private static func check(isNeeded: Bool, isGiven: Bool) throws(NoiseError) {
        guard isGiven || !isNeeded else { throw .missingKey }
        guard isNeeded || !isGiven else { throw .unexpectedKey }
    }

    private mutating func die() {
        hasFailed = true
        localStatic = nil
        localEphemeral = nil
        fixedEphemeral = nil
        presharedKey = nil
    }

    /// The tokens of the next message, which `writer` has to write.
    private func tokens(writtenBy writer: Role) throws(NoiseError) -> [HandshakePattern.Token] {
        guard !hasFailed else { throw .failedBefore }
        guard nextMessage < pattern.messages.count, Role.writer(ofMessage: nextMessage) == writer else {
            throw .outOfTurn
        }
        return pattern.messages[nextMessage]
    }

    private mutating func write(_ payload: [UInt8]) throws(NoiseError) -> [UInt8] {
        let tokens = try tokens(writtenBy: role)
        guard payload.count <= maximumMessageByteCount else { throw .messageTooLong }
        var message: [UInt8] = []
        for token in tokens {
            switch token {
            case .e:
                let key = try takeEphemeral()
                message += key.bytes
                mixEphemeral(key)
            case .s:
                guard let key = Self.publicKey(of: localStatic) else { throw .missingKey }
                try symmetric.encryptAndHash(key.bytes, appendingTo: &message)
            default:
                try mix(token)
            }
        }
        try symmetric.encryptAndHash(payload, appendingTo: &message)
        guard message.count <= maximumMessageByteCount else { throw .messageTooLong }
        nextMessage += 1
        return message
    }

    private mutating func read(_ message: Span<UInt8>) throws(NoiseError) -> [UInt8] {
        let tokens = try tokens(writtenBy: role.peer)
        guard message.count <= maximumMessageByteCount else { throw .messageTooLong }
        var position = 0
        for token in tokens {
            switch token {
            case .e:
                let end = position + X25519.byteCount
                guard end <= message.count else { throw .messageTooShort }
                let key = try publicKey([UInt8](copying: message.extracting(position..<end)))
                remoteEphemeral = key
                mixEphemeral(key)
                position = end
            case .s:
                let end = position + X25519.byteCount + symmetric.overhead
                guard end <= message.count else { throw .messageTooShort }
                remoteStatic = try publicKey(try symmetric.decryptAndHash(message.extracting(position..<end)))
                position = end
            default:
                try mix(token)
            }
        }
        let payload = try symmetric.decryptAndHash(message.extracting(position...))
        nextMessage += 1
        return payload
    }

    /// Makes our ephemeral key and returns its public half.
    private mutating func takeEphemeral() throws(NoiseError) -> X25519.PublicKey {
        let key = fixedEphemeral.take() ?? X25519.PrivateKey()
        let publicKey = key.publicKey
        localEphemeral = consume key
        return publicKey
    }

    private mutating func mixEphemeral(_ key: X25519.PublicKey) {
        symmetric.mixHash(key.bytes.span)
        if pattern.usesPresharedKey {
            symmetric.mixKey(key.bytes.span)
        }
    }

    /// Mixes a shared secret: of two of the keys, or the pre-shared one.
    private mutating func mix(_ token: HandshakePattern.Token) throws(NoiseError) {
        let secret: SecretBytes
        switch (token, role) {
        case (.ee, _): secret = try Self.exchange(localEphemeral, remoteEphemeral)
        case (.es, .initiator), (.se, .responder): secret = try Self.exchange(localEphemeral, remoteStatic)
        case (.es, .responder), (.se, .initiator): secret = try Self.exchange(localStatic, remoteEphemeral)
        case (.ss, _): secret = try Self.exchange(localStatic, remoteStatic)
        case (.psk, _):
            return try mixPresharedKey()
        case (.e, _), (.s, _): preconditionFailure("not a shared secret")
        }
        symmetric.mixKey(secret)
    }

    private mutating func mixPresharedKey() throws(NoiseError) {
        switch presharedKey {
        case .none: throw .missingKey
        case .some(let key): symmetric.mixKeyAndHash(key)
        }
    }

    private static func exchange(
        _ local: borrowing X25519.PrivateKey?, _ remote: X25519.PublicKey?
    ) throws(NoiseError) -> SecretBytes {
        guard let remote else { throw .missingKey }
        switch local {
        case .none:
            throw .missingKey
        case .some(let key):
            do {
                return try key.sharedSecret(with: remote)
            } catch {
                throw .invalidPublicKey
            }
        }
    }

    private func publicKey(_ bytes: [UInt8]) throws(NoiseError) -> X25519.PublicKey {
        do {
            return try X25519.PublicKey(bytes)
        } catch {
            throw .invalidPublicKey
        }
    }
}
