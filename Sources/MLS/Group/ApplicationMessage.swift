/// What a member said.
package struct ApplicationMessage: Hashable, Sendable {
    package let sender: Member
    /// The epoch in which it was said: the current one or one of the last two.
    package let epoch: UInt64
    /// Which of the sender's messages of this epoch it is.
    package let generation: UInt32
    package let data: [UInt8]
    /// Sent in the clear and signed.
    package let authenticatedData: [UInt8]
}
