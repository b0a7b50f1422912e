/// What a member said.
package struct ApplicationMessage: Hashable, Sendable {
    /// The sender's place in the epoch in which it was said.
    package let sender: LeafIndex
    /// What the sender has signed it with.
    package let signatureKey: [UInt8]
    /// The epoch in which it was said: the current one, or one of those before it that are not forgotten.
    package let epoch: UInt64
    /// Which of the sender's messages of this epoch it is.
    let generation: UInt32
    package let data: [UInt8]
    /// Sent in the clear and signed.
    package let authenticatedData: [UInt8]
}
