import Sodium
import TestSupport
import Testing

@testable import Noise

@Suite struct CipherStateTests {
    /// Two ends of one direction.
    private struct Direction: ~Copyable {
        var sending: CipherState
        var receiving: CipherState

        init(nonce: UInt64 = 0) {
            let key = SecretBytes(randomCount: ChaChaPoly.keyByteCount)
            sending = CipherState(key: key.clone(), nonce: nonce)
            receiving = CipherState(key: key, nonce: nonce)
        }
    }

    @Test func noncesAdvanceWithMessages() throws {
        var ends = Direction()
        for index in 0..<5 as Range<UInt64> {
            #expect(ends.sending.nonce == index)
            #expect(ends.receiving.nonce == index)
            #expect(try ends.receiving.opened(ends.sending.sealed([1, 2, 3])) == [1, 2, 3])
        }
    }

    @Test func equalTextsLookDifferent() throws {
        var ends = Direction()
        #expect(try ends.sending.sealed([1, 2, 3]) != ends.sending.sealed([1, 2, 3]))
    }

    /// After any number of forgeries the real message still opens: the nonce has not moved.
    @Test func failuresMoveNothing() throws {
        var ends = Direction(nonce: 7)
        let text = Random.bytes(40)
        let message = try ends.sending.sealed(text, authenticating: [9])
        for bit in 0..<8 * message.count {
            #expect(throws: NoiseError.authenticationFailed) {
                _ = try ends.receiving.opened(message.flippingBit(bit), authenticating: [9])
            }
        }
        for count in 0..<message.count {
            #expect(throws: count < CipherState.tagByteCount ? NoiseError.messageTooShort : .authenticationFailed) {
                _ = try ends.receiving.opened(Array(message.prefix(count)), authenticating: [9])
            }
        }
        #expect(throws: NoiseError.authenticationFailed) {
            _ = try ends.receiving.opened(message + [0], authenticating: [9])
        }
        #expect(throws: NoiseError.authenticationFailed) { _ = try ends.receiving.opened(message) }
        #expect(ends.receiving.nonce == 7)
        #expect(try ends.receiving.opened(message, authenticating: [9]) == text)
        #expect(ends.receiving.nonce == 8)
    }

    @Test func replayedDroppedAndSwappedMessagesAreRefused() throws {
        var ends = Direction()
        let first = try ends.sending.sealed([1])
        let second = try ends.sending.sealed([2])
        let third = try ends.sending.sealed([3])
        #expect(throws: NoiseError.authenticationFailed) { _ = try ends.receiving.opened(second) }
        #expect(try ends.receiving.opened(first) == [1])
        #expect(throws: NoiseError.authenticationFailed) { _ = try ends.receiving.opened(first) }
        #expect(throws: NoiseError.authenticationFailed) { _ = try ends.receiving.opened(third) }
        #expect(try ends.receiving.opened(second) == [2])
    }

    @Test func directionsDoNotMix() throws {
        var pair = try TransportPair.fresh()
        let message = try pair.initiator.sending.sealed([1])
        #expect(throws: NoiseError.authenticationFailed) { _ = try pair.initiator.receiving.opened(message) }
        #expect(try pair.responder.receiving.opened(message) == [1])
    }

    @Test func messagesKeepTheLimit() throws {
        var ends = Direction()
        let longest = [UInt8](repeating: 3, count: maximumMessageByteCount - CipherState.tagByteCount)
        let message = try ends.sending.sealed(longest)
        #expect(message.count == 65_535)
        #expect(try ends.receiving.opened(message) == longest)
        #expect(throws: NoiseError.messageTooLong) { _ = try ends.sending.sealed(longest + [3]) }
        #expect(throws: NoiseError.messageTooLong) { _ = try ends.receiving.opened(message + [0]) }
        #expect(ends.sending.nonce == 1)
        #expect(ends.receiving.nonce == 1)
    }

    /// Without room for a tag nothing is written.
    @Test func shortBuffersAreRefused() {
        var ends = Direction()
        for count in 0..<CipherState.tagByteCount {
            let content = [UInt8](repeating: 7, count: count)
            var buffer = content
            #expect(throws: NoiseError.messageTooShort) {
                var span = buffer.mutableSpan
                try ends.sending.encrypt(inPlace: &span)
            }
            #expect(buffer == content)
        }
        #expect(ends.sending.nonce == 0)
    }

    /// Section 5.1: 2^64 - 2 is the last; 2^64 - 1 is kept for rekeying, which stays possible.
    @Test func lastNonceIsRefused() throws {
        var ends = Direction(nonce: .max - 1)
        let message = try ends.sending.sealed([1])
        #expect(try ends.receiving.opened(message) == [1])
        for _ in 0..<2 {
            #expect(ends.sending.nonce == .max)
            #expect(throws: NoiseError.nonceExhausted) { _ = try ends.sending.sealed([1]) }
            #expect(throws: NoiseError.nonceExhausted) { _ = try ends.receiving.opened(message) }
            ends.sending.rekey()
            ends.receiving.rekey()
        }
    }

    @Test func rekeyingChangesTheKeyAndKeepsTheNonce() throws {
        var ends = Direction()
        _ = try ends.receiving.opened(ends.sending.sealed([1]))
        ends.sending.rekey()
        #expect(ends.sending.nonce == 1)
        let message = try ends.sending.sealed([2])
        #expect(throws: NoiseError.authenticationFailed) { _ = try ends.receiving.opened(message) }
        ends.receiving.rekey()
        #expect(try ends.receiving.opened(message) == [2])
    }

    /// Section 4.2: the new key is the first 32 bytes of 32 zeros encrypted under nonce 2^64 - 1.
    @Test func rekeyingIsAsSpecified() throws {
        let key = SecretBytes(randomCount: ChaChaPoly.keyByteCount)
        var block = [UInt8](repeating: 0, count: 48)
        var span = block.mutableSpan
        ChaChaPoly.seal(inPlace: &span, authenticating: Span(), nonce: Nonce(counter: .max), key: key)
        let next = Array(block.prefix(32))

        var rekeyed = CipherState(key: key)
        rekeyed.rekey()
        var expected = CipherState(key: SecretBytes(copying: next.span))
        #expect(try rekeyed.sealed([1, 2, 3]) == expected.sealed([1, 2, 3]))
    }
}
