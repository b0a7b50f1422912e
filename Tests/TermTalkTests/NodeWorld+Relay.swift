import Chat
import Room
import SecureGroup
import SecureSession
import Testing

@testable import TermTalk

extension NodeWorld {
    static var relayLimits: RoomLimits {
        var limits = RoomLimits()
        limits.isRelay = true
        return limits
    }

    /// ``run(limits:addressLimits:closesAfter:isInvited:password:_:)`` at a host of which nobody takes part.
    static func runRelay(
        _ limits: RoomLimits = relayLimits, password: String? = nil, _ body: (NodeWorld) throws -> Void
    ) throws {
        try run(limits: limits, password: password, body)
    }

    /// The first one comes in and makes the group's invite.
    func begin(
        password: RoomPassword? = nil, group: (RoomGroup) -> any GroupEngine = { $0 },
        _ body: @escaping (_ first: Person, _ invite: Invite) throws -> Void
    ) {
        let first = add(nick: "first", password: password, group: group)
        when({ !first.invites.isEmpty }) { [unowned self] in
            do {
                #expect(first.invites.count == 1)
                try body(first, Invite(parsing: first.invites[0]))
            } catch {
                Issue.record("\(error)")
                finish()
            }
        }
    }

    /// Two more come in by that invite, and the first one has heard of them.
    func beginWithThree(
        _ body: @escaping (_ first: Person, _ second: Person, _ third: Person, _ invite: Invite) -> Void
    ) {
        begin { [unowned self] first, invite in
            let second = add(nick: "second", inviteOfGroup: invite)
            let third = add(nick: "third", inviteOfGroup: invite)
            when({ second.id != nil && third.id != nil && first.comers == 2 }) { body(first, second, third, invite) }
        }
    }
}
