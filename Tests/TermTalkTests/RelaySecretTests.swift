import Chat
import Room
import SecureGroup
import Testing

@testable import TermTalk

/// Nodes around a relay whose group gets another secret, because somebody is sent out.
@Suite struct RelaySecretTests {
    @Test(
        "The invite of who is sent out lets nobody in any more; who came with it comes back, and has another one to show"
    )
    func sendingOut() throws {
        try NodeWorld.runRelay { world in
            world.begin { first, invite in
                let second = world.add(nick: "second", inviteOfGroup: invite)
                let third = world.add(nick: "third", inviteOfGroup: invite)
                let away = world.add(nick: "away", inviteOfGroup: invite)
                world.when({ [second, third, away].allSatisfy { $0.id != nil } && first.events.count > 3 }) {
                    away.isReachable = false
                    away.breakConnection()
                    first.node?.perform(.kick("third", reason: "", keepsInvites: false))
                    world.when({
                        first.invites.count == 2 && second.warnings.contains(.inviteRenewed) && third.ending != nil
                    }) {
                        guard let next = try? Invite(parsing: first.invites[1]) else { return world.finish() }
                        second.node?.showInvite(as: .text)
                        #expect(second.invites == [first.invites[1]] && first.invites[0] != first.invites[1])
                        let late = world.add(nick: "late", inviteOfGroup: invite)
                        world.when({ late.ending != nil }) {
                            #expect(late.ending?.notice?.code == .groupInviteNeeded)
                            let fourth = world.add(nick: "fourth", inviteOfGroup: next)
                            world.when({ fourth.id != nil }) {
                                away.isReachable = true
                                away.node?.tryNow()
                                second.breakConnection()
                                second.node?.tryNow()
                                fourth.node?.say("hello", kind: .text, to: nil)
                                let all = [first, second, fourth, away]
                                world.when({ all.allSatisfy { $0.texts == ["hello"] } }) {
                                    #expect(away.warnings == [.inviteRenewed] && first.warnings.isEmpty)
                                    away.node?.showInvite(as: .text)
                                    #expect(away.invites == second.invites)
                                    world.finish()
                                }
                            }
                        }
                    }
                }
            }
        }
    }

    @Test("Who is sent out is not back by the old invite, however soon it comes")
    func backAtOnce() throws {
        try NodeWorld.runRelay { world in
            world.beginWithThree { first, second, third, invite in
                first.node?.perform(.op("second"))
                world.when({ second.node?.person.client.isModerator == true }) {
                    first.node?.perform(.kick("third", reason: "", keepsInvites: false))
                    world.when({ third.ending != nil }) {
                        let again = world.add(nick: "again", inviteOfGroup: invite)
                        world.when({ again.ending != nil || again.id != nil }) {
                            #expect(again.id == nil && again.ending?.notice?.code == .groupInviteNeeded)
                            // It did not have to wait for the role that was given just before.
                            world.when({ first.invites.count == 2 }) { world.finish() }
                        }
                    }
                }
            }
        }
    }

    @Test("Who sends somebody out and leaves has left another invite behind, that is good")
    func sendingOutAndLeaving() throws {
        try NodeWorld.runRelay { world in
            world.beginWithThree { first, second, third, _ in
                first.node?.perform(.kick("third", reason: "", keepsInvites: false))
                first.node?.leave()
                world.when({ first.ending != nil && third.ending != nil && !second.warnings.isEmpty }) {
                    second.node?.showInvite(as: .text)
                    #expect(second.warnings == [.inviteRenewed] && second.invites.first != first.invites.first)
                    guard let next = second.invites.first.flatMap({ try? Invite(parsing: $0) }) else {
                        return world.finish()
                    }
                    let fourth = world.add(nick: "fourth", inviteOfGroup: next)
                    world.when({ fourth.id != nil || fourth.ending != nil }) {
                        #expect(fourth.id != nil)
                        world.finish()
                    }
                }
            }
        }
    }

    @Test("One that could not follow a Commit, and comes back when the group has another secret, is in again")
    func lostWhileTheSecretChanged() throws {
        try NodeWorld.runRelay { world in
            world.begin { first, invite in
                var deaf: FaultyGroup?
                let second = world.add(nick: "second", inviteOfGroup: invite) { group in
                    let made = FaultyGroup(group)
                    deaf = made
                    return made
                }
                let third = world.add(nick: "third", inviteOfGroup: invite)
                world.when({ second.id != nil && third.id != nil && first.comers == 2 }) {
                    deaf?.isDeaf = true
                    second.onEvent = { event in
                        guard case .warning(let notice) = event, notice.code == .groupForged else { return }
                        second.isReachable = false
                        second.breakConnection()
                    }
                    first.node?.perform(.kick("third", reason: "", keepsInvites: false))
                    world.when({ first.invites.count == 2 && !second.isReachable }) {
                        deaf?.isDeaf = false
                        second.isReachable = true
                        second.node?.tryNow()
                        world.when({ second.ending != nil || second.joins == 2 }) {
                            second.node?.say("back", kind: .text, to: nil)
                            world.when({
                                second.ending != nil
                                    || first.texts == ["back"] && second.warnings.contains(.inviteRenewed)
                            }) {
                                #expect(second.ending == nil)
                                second.node?.showInvite(as: .text)
                                #expect(second.invites.last == first.invites.last)
                                world.finish()
                            }
                        }
                    }
                }
            }
        }
    }
}
