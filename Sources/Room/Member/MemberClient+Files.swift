package import Chat
package import Sodium

// Files: their offers are content like what is said; what they consist of comes on the lane of files.
extension MemberClient {
    /// Offers a file to all, or to the one member that `receiver` names by id or nick.
    ///
    /// - Returns: the member, where it is for one.
    /// - Throws: a notice for the person.
    package mutating func offer(
        _ offer: SecretContent, to receiver: String?, actions: inout [Action]
    ) throws(ChatEvent.Notice) -> MemberID? {
        precondition(offer.count <= RoomLimits.offerByteCount, "an offer is no longer")
        let target = try receiver.map { name throws(ChatEvent.Notice) in try member(named: name) }
        guard phase != .ended else { return target }
        if target == nil { try checkSlowMode() }
        guard target == nil || target != id else {
            throw .fileForOneself
        }
        outbox.append(Outbox.Message(id: MessageID(Random.uint64()), to: target, content: .file(offer)))
        sendWaiting(actions: &actions)
        return target
    }

    /// What the member is called.
    package func nick(of member: MemberID) -> String { members[member]?.nick ?? member.description }
}
