/// Why a handshake or a transport message fails. Tell a peer none of it: it would help an attacker only.
package enum NoiseError: Error, Equatable {
    /// A message is shorter than its pattern requires.
    case messageTooShort
    /// A message is, or would become, longer than 65,535 bytes (section 3).
    case messageTooLong
    /// A message was forged, damaged, replayed, out of order, or made with other keys or another prologue.
    case authenticationFailed
    /// The peer sent a public key of small order.
    case invalidPublicKey
    /// The nonce 2^64 - 1 is reached (section 5.1); this direction can never be used again.
    case nonceExhausted
    /// A message was written or read while it was the other side's turn, or after the last one.
    case outOfTurn
    /// An earlier message failed; the handshake is dead.
    case failedBefore
    /// The handshake has messages left.
    case unfinished
    /// The pattern needs a key that was not given.
    case missingKey
    /// A key was given that the pattern has no use for, or one of the wrong length.
    case unexpectedKey
}
