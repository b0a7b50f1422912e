package import Sodium

/// The side that answers: takes a share, sends its own, and shows its tag only to one that has shown the right one.
package struct CPaceResponder: ~Copyable {
    /// To be sent to the initiator, with the data that goes with it.
    package let share: [UInt8]
    private let tag: [UInt8]
    private let expected: [UInt8]
    private let sessionKey: SecretBytes

    /// - Parameters:
    ///   - peerShare: what the initiator sent, with the data that came with it (ADa).
    ///   - data: ADb, what is said along with the share, and bound to the key.
    ///   - scalar: a given one is for test vectors only.
    /// - Throws: ``CPaceError/invalidShare``, ``CPaceError/reflectedShare``.
    package init(
        _ context: consuming CPaceContext, peerShare: [UInt8], peerData: [UInt8] = [], data: [UInt8] = [],
        scalar: consuming Ristretto255.Scalar = Ristretto255.Scalar()
    ) throws(CPaceError) {
        let exchange = try CPaceExchange(context, data: data, scalar: scalar)
        let shared = try exchange.shared(with: peerShare)
        share = exchange.share
        sessionKey = CPaceSuite.sessionKey(
            sessionID: exchange.context.sessionID, shared: shared,
            transcript: CPaceSuite.transcript(initiator: peerShare, peerData, responder: share, data))
        tag = CPaceSuite.tag(
            sessionKey: sessionKey, sessionID: exchange.context.sessionID, share: share, data: data)
        expected = CPaceSuite.tag(
            sessionKey: sessionKey, sessionID: exchange.context.sessionID, share: peerShare, data: peerData)
    }

    /// Takes the initiator's tag: it has the password.
    package consuming func confirmed(by peerTag: [UInt8]) throws(CPaceError) -> Confirmed {
        guard constantTimeEquals(peerTag, expected) else { throw .notConfirmed }
        return Confirmed(tag: tag, sessionKey: sessionKey)
    }

    /// The initiator has the password, and learns from our tag that we have it too.
    package struct Confirmed: ~Copyable {
        /// To be sent to the initiator.
        package let tag: [UInt8]
        /// The key that both have.
        package let sessionKey: SecretBytes
    }
}
