import Noise
import Sodium
import TestSupport
import Testing

@Suite struct HandshakeStateTests {
    private static let patterns = [HandshakePattern.XX, .XKpsk0]

    @Test(arguments: patterns) func bothSidesAgree(pattern: HandshakePattern) throws {
        var pair = try HandshakePair(pattern)
        for index in pattern.messages.indices {
            let isInitiatorsTurn = index.isMultiple(of: 2)
            #expect(pair.initiator.isMyTurn == isInitiatorsTurn)
            #expect(pair.responder.isMyTurn != isInitiatorsTurn)
            #expect(!pair.initiator.isFinished && !pair.responder.isFinished)
            let payload = Random.bytes(index * 50)
            #expect(try pair.pass(payload) == payload)
            #expect(pair.initiator.handshakeHash == pair.responder.handshakeHash)
        }
        #expect(pair.initiator.isFinished && pair.responder.isFinished)
        #expect(!pair.initiator.isMyTurn && !pair.responder.isMyTurn)
        #expect(pair.initiator.remoteStatic == pair.responderKey)
        #expect(pair.responder.remoteStatic == pair.initiatorKey)
        let hash = pair.initiator.handshakeHash
        let (initiatorKey, responderKey) = (pair.initiatorKey, pair.responderKey)

        var transports = try pair.split()
        #expect(hash.count == 64)
        #expect(transports.initiator.handshakeHash == hash)
        #expect(transports.responder.handshakeHash == hash)
        #expect(transports.initiator.remoteStatic == responderKey)
        #expect(transports.responder.remoteStatic == initiatorKey)
        let text = Random.bytes(100)
        let up = try transports.initiator.sending.sealed(text)
        #expect(try transports.responder.receiving.opened(up) == text)
        let down = try transports.responder.sending.sealed(text)
        #expect(try transports.initiator.receiving.opened(down) == text)
        #expect(up != down)
    }

    /// The lengths that others may rely on: no payload, section 7.5's tokens.
    @Test func messageLengths() throws {
        for (pattern, lengths) in [(HandshakePattern.XX, [32, 96, 64]), (.XKpsk0, [48, 48, 64])] {
            var pair = try HandshakePair(pattern)
            for length in lengths {
                var seen = 0
                _ = try pair.pass { message in
                    seen = message.count
                    return message
                }
                #expect(seen == length)
            }
        }
    }

    @Test func ephemeralKeysAreFresh() throws {
        var first = try HandshakePair(.XX)
        var second = try HandshakePair(.XX)
        #expect(try first.initiator.writeMessage() != second.initiator.writeMessage())
    }

    @Test(arguments: patterns) func noticesDisagreement(pattern: HandshakePattern) throws {
        for disagreement in HandshakePair.Disagreement.allCases {
            if pattern == .XX, disagreement != .prologue {
                continue
            }
            var pair = try HandshakePair(pattern, disagreeing: disagreement)
            #expect(throws: NoiseError.authenticationFailed, "\(disagreement)") { try pair.passAll() }
        }
    }

    /// Without the secret of the invite even the first message fails, and the host says nothing.
    @Test func proberGetsNothing() throws {
        for disagreement in HandshakePair.Disagreement.allCases {
            var pair = try HandshakePair(.XKpsk0, disagreeing: disagreement)
            #expect(throws: NoiseError.authenticationFailed) { _ = try pair.pass() }
            #expect(pair.responder.isMyTurn == false)
            #expect(throws: NoiseError.failedBefore) { _ = try pair.responder.writeMessage() }
        }
    }

    /// Every message cut at every length, or one byte longer.
    @Test(arguments: patterns) func noticesChangedLengths(pattern: HandshakePattern) throws {
        for index in pattern.messages.indices {
            let length = try Self.lengthOfMessage(index, of: pattern)
            for count in 0..<length {
                try Self.expectFailure(of: pattern, changing: index) { Array($0.prefix(count)) }
            }
            try Self.expectFailure(of: pattern, changing: index) { $0 + [0] }
            try Self.expectFailure(of: pattern, changing: index) { $0 + [UInt8](repeating: 7, count: 65_535) }
        }
    }

    /// Every message with one bit changed, at every place.
    @Test(arguments: patterns) func noticesFlippedBits(pattern: HandshakePattern) throws {
        for index in pattern.messages.indices {
            for place in 0..<(try Self.lengthOfMessage(index, of: pattern)) {
                let bit = place * 8 + Int.random(in: 0..<8)
                try Self.expectFailure(of: pattern, changing: index) { $0.flippingBit(bit) }
            }
        }
    }

    private static func lengthOfMessage(_ index: Int, of pattern: HandshakePattern) throws -> Int {
        var pair = try HandshakePair(pattern)
        var length = 0
        for _ in 0...index {
            _ = try pair.pass([1, 2, 3]) { message in
                length = message.count
                return message
            }
        }
        return length
    }

    /// Whoever reads the changed message, or at the latest the reader of the next one, refuses it for good.
    private static func expectFailure(
        of pattern: HandshakePattern, changing changed: Int, _ change: ([UInt8]) -> [UInt8],
        sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        var pair = try HandshakePair(pattern)
        var failure: NoiseError?
        var failedAt = 0
        for index in pattern.messages.indices {
            do throws(NoiseError) {
                _ = try pair.pass([1, 2, 3]) { index == changed ? change($0) : $0 }
            } catch {
                failure = error
                failedAt = index
                break
            }
        }
        // Only the first message of XX is not authenticated by itself.
        let isNoticedLater = pattern == .XX && changed == 0
        #expect(failedAt - changed <= (isNoticedLater ? 1 : 0), sourceLocation: sourceLocation)
        let expected: [NoiseError] = [
            .authenticationFailed, .messageTooShort, .messageTooLong, .invalidPublicKey,
        ]
        #expect(failure.map(expected.contains) == true, sourceLocation: sourceLocation)
        let readerIsInitiator = !failedAt.isMultiple(of: 2)
        if readerIsInitiator {
            try pair.initiator.expectDead(sourceLocation: sourceLocation)
        } else {
            try pair.responder.expectDead(sourceLocation: sourceLocation)
        }
    }

    @Test(arguments: patterns) func payloadsKeepTheLimit(pattern: HandshakePattern) throws {
        for index in pattern.messages.indices {
            let overhead = try Self.lengthOfMessage(index, of: pattern) - 3
            let longest = [UInt8](repeating: 5, count: maximumMessageByteCount - overhead)
            var pair = try HandshakePair(pattern)
            for _ in 0..<index {
                _ = try pair.pass()
            }
            #expect(try pair.pass(longest) == longest)

            for count in [longest.count + 1, maximumMessageByteCount + 1] {
                var pair = try HandshakePair(pattern)
                for _ in 0..<index {
                    _ = try pair.pass()
                }
                #expect(throws: NoiseError.messageTooLong) {
                    _ = try pair.pass([UInt8](repeating: 5, count: count))
                }
            }
        }
    }

    @Test func longerMessagesAreNotRead() throws {
        var pair = try HandshakePair(.XX)
        let message = try pair.initiator.writeMessage() + [UInt8](repeating: 0, count: 65_504)
        #expect(throws: NoiseError.messageTooLong) { _ = try pair.responder.readMessage(message.span) }
    }

    @Test func turnsAreKept() throws {
        var pair = try HandshakePair(.XX)
        #expect(throws: NoiseError.outOfTurn) { _ = try pair.responder.writeMessage() }
        #expect(throws: NoiseError.outOfTurn) {
            let message = [UInt8](repeating: 1, count: 32)
            _ = try pair.initiator.readMessage(message.span)
        }
        try pair.initiator.expectDead()
        try pair.responder.expectDead()

        var finished = try HandshakePair(.XX)
        try finished.passAll()
        #expect(throws: NoiseError.outOfTurn) { _ = try finished.initiator.writeMessage() }
        #expect(throws: NoiseError.outOfTurn) { _ = try finished.responder.writeMessage() }
    }

    @Test func unfinishedHandshakesDoNotSplit() throws {
        for count in 0..<3 {
            #expect(throws: NoiseError.unfinished) {
                var pair = try HandshakePair(.XKpsk0)
                for _ in 0..<count {
                    _ = try pair.pass()
                }
                _ = try pair.split()
            }
        }
        #expect(throws: NoiseError.failedBefore) {
            var pair = try HandshakePair(.XKpsk0)
            do throws(NoiseError) {
                _ = try pair.initiator.readMessage(Span())
            } catch {
                #expect(error == .outOfTurn)
            }
            _ = try pair.split()
        }
    }

    @Test(arguments: [
        "0000000000000000000000000000000000000000000000000000000000000000",
        "0100000000000000000000000000000000000000000000000000000000000000",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    ])
    func pointsOfSmallOrderAreRefused(point: String) throws {
        let point = try bytes(hex: point)
        var pair = try HandshakePair(.XX)
        _ = try pair.pass { _ in point }
        #expect(throws: NoiseError.invalidPublicKey) { _ = try pair.responder.writeMessage() }
        try pair.responder.expectDead()
    }

    @Test func keysMustFitThePattern() throws {
        let key = X25519.PrivateKey()
        let psk = SecretBytes(count: 32)
        let remote = X25519.PrivateKey().publicKey
        func start(
            _ pattern: HandshakePattern, _ role: Role, key: consuming X25519.PrivateKey?,
            remote: X25519.PublicKey?, psk: consuming SecretBytes?
        ) throws(NoiseError) {
            _ = try HandshakeState(
                pattern: pattern, role: role, prologue: [], staticKey: key, remoteStatic: remote, presharedKey: psk)
        }
        try start(.XX, .initiator, key: key.clone(), remote: nil, psk: nil)
        try start(.XKpsk0, .initiator, key: key.clone(), remote: remote, psk: psk.clone())
        try start(.XKpsk0, .responder, key: key.clone(), remote: nil, psk: psk.clone())
        #expect(throws: NoiseError.missingKey) { try start(.XX, .initiator, key: nil, remote: nil, psk: nil) }
        #expect(throws: NoiseError.missingKey) { try start(.XX, .responder, key: nil, remote: nil, psk: nil) }
        #expect(throws: NoiseError.missingKey) {
            try start(.XKpsk0, .initiator, key: key.clone(), remote: nil, psk: psk.clone())
        }
        #expect(throws: NoiseError.missingKey) {
            try start(.XKpsk0, .initiator, key: key.clone(), remote: remote, psk: nil)
        }
        #expect(throws: NoiseError.unexpectedKey) {
            try start(.XKpsk0, .responder, key: key.clone(), remote: remote, psk: psk.clone())
        }
        #expect(throws: NoiseError.unexpectedKey) {
            try start(.XX, .initiator, key: key.clone(), remote: nil, psk: psk.clone())
        }
        for count in [0, 31, 33] {
            #expect(throws: NoiseError.unexpectedKey) {
                try start(.XKpsk0, .responder, key: key.clone(), remote: nil, psk: SecretBytes(count: count))
            }
        }
    }

    /// A nil that generic code made is a nil, although debug builds of Swift 6.3 mistake it when chained.
    @Test func missingKeysOfGenericCodeAreMissing() throws {
        let none: [UInt8]? = Random.bytes(1).first.map { _ in nil } ?? nil
        let psk = none.map { SecretBytes(copying: $0.span) }
        let state = try HandshakeState(
            pattern: .XX, role: .initiator, prologue: [], staticKey: X25519.PrivateKey(), remoteStatic: nil,
            presharedKey: psk)
        #expect(state.isMyTurn == true)
    }
}

extension HandshakeState {
    /// Checks that the handshake is dead: nothing can be done with it.
    fileprivate mutating func expectDead(sourceLocation: SourceLocation = #_sourceLocation) throws {
        #expect(!isMyTurn && !isFinished, sourceLocation: sourceLocation)
        #expect(throws: NoiseError.failedBefore, sourceLocation: sourceLocation) { _ = try writeMessage() }
        let message = [UInt8](repeating: 1, count: 96)
        #expect(throws: NoiseError.failedBefore, sourceLocation: sourceLocation) { _ = try readMessage(message.span) }
    }
}
