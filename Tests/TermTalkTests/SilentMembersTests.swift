import EventLoop
import SecureGroup
import Testing

@testable import Room
@testable import TermTalk

/// Members of a relay's room that came before the others, and answer nobody who asks them to let somebody in.
@Suite(.serialized) struct SilentMembersTests {
    @Test("Three of them do not keep out who comes new: who lets it in is asked at last, and first from then on")
    func three() throws {
        var limits = RoomLimits()
        limits.isRelay = true
        try NodeWorld.run(limits: limits) { world in
            var silent: [FaultyGroup] = []
            func hostile(_ group: RoomGroup) -> any GroupEngine {
                let made = FaultyGroup(group)
                silent.append(made)
                return made
            }
            func come(_ nicks: ArraySlice<String>, _ invite: Invite, _ body: @escaping () -> Void) {
                guard let nick = nicks.first else { return body() }
                let person = world.add(nick: nick, inviteOfGroup: invite) { (group: RoomGroup) -> any GroupEngine in
                    nick.hasPrefix("silent") ? hostile(group) : group
                }
                world.when({ person.id != nil || person.ending != nil }) {
                    #expect(person.id != nil, "\(nick) was kept out")
                    come(nicks.dropFirst(), invite, body)
                }
            }
            let first = world.add(nick: "silent1") { hostile($0) }
            world.when({ !first.invites.isEmpty }) {
                guard let invite = try? Invite(parsing: first.invites[0]) else { return world.finish() }
                come(["silent2", "silent3", "honest"], invite) {
                    for group in silent { group.isSilent = true }
                    come(["new"], invite) {
                        // They give themselves new keys meanwhile, which says nothing about them.
                        first.node?.person.act { client, actions in
                            client.wantUpdate(after: .zero)
                            client.timePassed(actions: &actions)
                        }
                        let asked = silent.reduce(0) { $0 + $1.silences }
                        #expect(asked >= 3)
                        come(["newer"], invite) {
                            #expect(silent.reduce(0) { $0 + $1.silences } == asked)
                            world.finish()
                        }
                    }
                }
            }
        }
    }
}
