/// What somebody proposes.
package struct ReceivedProposal: Hashable, Sendable {
    package let sender: Sender
    package let proposal: Proposal
    package let reference: [UInt8]
    package let authenticatedData: [UInt8]
}
