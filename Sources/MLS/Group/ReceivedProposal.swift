/// What somebody proposes.
package struct ReceivedProposal: Hashable, Sendable {
    let sender: Sender
    let proposal: Proposal
    let reference: [UInt8]
    let authenticatedData: [UInt8]
}
