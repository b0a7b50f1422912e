package import Sodium

/// The side that speaks first: sends its share, takes the other's, sends a tag, and believes the other after its tag.
package struct CPaceInitiator: ~Copyable {
    /// To be sent to the responder, with the data that goes with it.
    package let share: [UInt8]
    private let exchange: CPaceExchange

    /// - Parameters:
    ///   - data: ADa, what is said along with the share, and bound to the key.
    ///   - scalar: a given one is for test vectors only.
    /// - Throws: ``CPaceError/invalidShare`` when `scalar` is zero.
    package init(
        _ context: consuming CPaceContext, data: [UInt8] = [],
        scalar: consuming Ristretto255.Scalar = Ristretto255.Scalar()
    ) throws(CPaceError) {
        exchange = try CPaceExchange(context, data: data, scalar: scalar)
        share = exchange.share
    }

    /// Takes the responder's share and the data that came with it.
    package consuming func received(share peerShare: [UInt8], data: [UInt8] = []) throws(CPaceError) -> Unconfirmed {
        let shared = try exchange.shared(with: peerShare)
        let key = CPaceSuite.sessionKey(
            sessionID: exchange.context.sessionID, shared: shared,
            transcript: CPaceSuite.transcript(initiator: share, exchange.data, responder: peerShare, data))
        return Unconfirmed(
            tag: CPaceSuite.tag(
                sessionKey: key, sessionID: exchange.context.sessionID, share: share, data: exchange.data),
            expected: CPaceSuite.tag(
                sessionKey: key, sessionID: exchange.context.sessionID, share: peerShare, data: data),
            sessionKey: key)
    }

    /// The key is there, and whether the responder has the same is not known yet.
    package struct Unconfirmed: ~Copyable {
        /// To be sent to the responder.
        package let tag: [UInt8]
        private let expected: [UInt8]
        private let sessionKey: SecretBytes

        fileprivate init(tag: [UInt8], expected: [UInt8], sessionKey: consuming SecretBytes) {
            self.tag = tag
            self.expected = expected
            self.sessionKey = sessionKey
        }

        /// Takes the responder's tag: the key that both have.
        package consuming func confirmed(by peerTag: [UInt8]) throws(CPaceError) -> SecretBytes {
            guard constantTimeEquals(peerTag, expected) else { throw .notConfirmed }
            return sessionKey
        }
    }
}
