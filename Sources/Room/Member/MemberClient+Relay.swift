package import Sodium

// The member's part where the room is at a relay (docs/protocol.md, "Rooms of a relay").
extension MemberClient {
    /// Whoever has created the group says how others come in; it comes in later like others.
    mutating func tellOfRegistration(_ admission: HostMessage.Admission, actions: inout [Action]) {
        let hasCreated = admission.welcome.isEmpty && engine.epoch == 0 && engine.createdSecret() != nil
        if hasCreated {
            actions.append(.created)
        } else if awaitsRegistration {
            actions.append(.registered)
        }
        awaitsRegistration = hasCreated
    }

    /// Tells the relay which handshakes to accept.
    ///
    /// - Parameter presharedKey: the Noise pre-shared key of the group's invite, 32 bytes.
    package mutating func register(presharedKey: SecretContent, actions: inout [Action]) {
        actions.append(.send(MemberRequest.register(presharedKey: presharedKey).encoded))
    }

    /// The secret of the group that this member has created at a relay.
    package func createdSecret() -> SecretBytes? { engine.createdSecret() }

    /// Nobody is there: this member comes in by itself.
    mutating func commitExternally(_ groupInfo: [UInt8], epoch: UInt64, actions: inout [Action]) {
        do throws(GroupError) {
            let commit = try engine.commitExternally(groupInfo, tree: tree, epoch: epoch)
            actions.append(.send(MemberRequest.joinExternally(commit).encoded))
        } catch {
            phase = .ended
            actions.append(.end(.lost, refusal: error.refusal))
        }
    }
}
