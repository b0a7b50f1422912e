/// What can go wrong in the cryptographic primitives. It never says why a check failed: that helps an attacker only.
package enum SodiumError: Error, Equatable {
    /// A tag or a signature does not belong to the data.
    case authenticationFailed
    /// A key has the wrong length.
    case invalidKey
    /// A point is not on the curve, or the result of a Diffie-Hellman exchange would not depend on our key.
    case invalidPoint
    /// An input is shorter, or an output longer, than the primitive allows.
    case invalidLength
    /// The system has not enough memory for the primitive.
    case outOfMemory
}
