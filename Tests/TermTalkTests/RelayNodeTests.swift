import Chat
import Room
import SecureGroup
import SecureSession
import Sodium
import Testing

@testable import TermTalk

/// Nodes around a relay: a host of which nobody takes part.
@Suite struct RelayNodeTests {
    @Test("The first one is shown the group's invite, which the relay does not know; with it others come in and talk")
    func talking() throws {
        try NodeWorld.runRelay { world in
            world.begin { first, invite in
                #expect(invite.isOfGroup && invite.creatorKey == nil)
                #expect(world.host.localMember == nil && world.host.door.inviteOfGroup?.secretBytes == nil)
                #expect(invite.secret.secretBytes != world.invite?.secretBytes)
                let second = world.add(nick: "second", inviteOfGroup: invite)
                let third = world.add(nick: "third", inviteOfGroup: invite)
                world.when({ second.id != nil && third.id != nil }) {
                    second.node?.say("hello", kind: .text, to: nil)
                    third.node?.say("psst", kind: .text, to: "first")
                    // Any member can invite.
                    second.node?.showInvite(as: .text)
                    #expect(second.invites == first.invites)
                    world.when({ first.texts.count == 2 && third.texts.count == 2 && second.texts == ["hello"] }) {
                        #expect(Set(first.texts) == ["hello", "psst"])
                        #expect(world.people.allSatisfy { $0.warnings.isEmpty })
                        world.finish()
                    }
                }
            }
        }
    }

    @Test("The relay's own invite, and none at all, let nobody in once there is a group", arguments: [true, false])
    func notWithoutTheInvite(isInvited: Bool) throws {
        try NodeWorld.run(limits: NodeWorld.relayLimits, isInvited: isInvited) { world in
            world.begin { first, invite in
                let late = world.add(nick: "late")
                world.when({ late.ending != nil }) {
                    #expect(late.ending?.notice?.code == .groupInviteNeeded)
                    #expect(!first.events.contains { if case .memberJoined = $0 { true } else { false } })
                    first.node?.leave()
                    world.when({ first.ending != nil }) {
                        // When everybody has gone the group's own lets in, and the relay's founds another.
                        let right = world.add(nick: "right", inviteOfGroup: invite)
                        world.when({ right.id != nil }) {
                            right.node?.leave()
                            world.when({ right.ending != nil }) {
                                let later = world.add(nick: "later")
                                world.when({ later.ending != nil || !later.invites.isEmpty }) {
                                    #expect(later.invites.isEmpty != isInvited)
                                    world.finish()
                                }
                            }
                        }
                    }
                }
            }
        }
    }

    @Test("A Commit that nobody can follow puts nobody out: those who talk go on, and who came by it comes again")
    func unfollowable() throws {
        try NodeWorld.runRelay { world in
            var spoiler: FaultyGroup?
            world.begin { first, invite in
                let maker = world.add(nick: "maker", inviteOfGroup: invite) { group in
                    let made = FaultyGroup(group)
                    spoiler = made
                    return made
                }
                world.when({ maker.id != nil }) {
                    let others = ["second", "third"].map { world.add(nick: $0, inviteOfGroup: invite) }
                    world.when({ others.allSatisfy { $0.id != nil } && maker.comers == 2 }) {
                        // No moderator is there, whose own Commits stay.
                        first.node?.leave()
                        world.when({ first.ending != nil }) {
                            others[0].node?.say("gone", kind: .text, to: nil)
                            world.when({ others[1].texts == ["gone"] && spoiler?.members.count == 3 }) {
                                spoiler?.isSpoiling = true
                                self.goOn(world, maker, others, invite)
                            }
                        }
                    }
                }
            }
        }
    }

    private func goOn(
        _ world: NodeWorld, _ maker: NodeWorld.Person, _ others: [NodeWorld.Person], _ invite: Invite
    ) {
        let dials = others.map(\.dialCount)
        let fourth = world.add(nick: "fourth", inviteOfGroup: invite)
        let present = [maker, fourth] + others
        world.when({ others.allSatisfy { $0.warnings.contains(.groupUndone) } && maker.dialCount > 1 }) {
            for (other, text) in zip(others, ["still here", "me too"]) { other.node?.say(text, kind: .text, to: nil) }
            world.when({
                others.allSatisfy { Set($0.texts) == ["gone", "still here", "me too"] }
                    && fourth.dialCount > 1 && world.host.room.memberCount == 4
            }) {
                #expect(others.map(\.dialCount) == dials)
                fourth.node?.say("in", kind: .text, to: nil)
                world.when({ present.allSatisfy { $0.texts.last == "in" } }) {
                    #expect(others.allSatisfy { !$0.warnings.contains(.groupLost) })
                    let fifth = world.add(nick: "fifth", inviteOfGroup: invite)
                    world.when({ fifth.id != nil }) {
                        let forged = others.map { $0.warnings.count { $0 == .groupForged } }
                        #expect(forged == [1, 1], "whatever the first one has committed since")
                        world.finish()
                    }
                }
            }
        }
    }

    @Test(
        "A member that makes Welcomes that are none keeps nobody out, be another one there or not",
        arguments: [true, false])
    func wrongWelcomes(isOtherThere: Bool) throws {
        try NodeWorld.runRelay { world in
            var spoiler: FaultyGroup?
            world.begin(
                group: { group in
                    let made = FaultyGroup(group)
                    spoiler = made
                    return made
                }
            ) { first, invite in
                let second = world.add(nick: "second", inviteOfGroup: invite)
                world.when({ second.id != nil && first.comers == 1 }) {
                    if !isOtherThere { second.node?.leave() }
                    world.when({ isOtherThere || second.ending != nil }) {
                        spoiler?.spoilsWelcomes = true
                        let third = world.add(nick: "third", inviteOfGroup: invite)
                        world.when({ third.id != nil || third.ending != nil }) {
                            #expect(third.ending == nil && third.dialCount > 1)
                            third.node?.say("in", kind: .text, to: nil)
                            world.when({ first.texts == ["in"] }) { world.finish() }
                        }
                    }
                }
            }
        }
    }

    @Test("All are away; somebody comes in by itself, and those who come back talk with it")
    func comingInWhileNobodyIsThere() throws {
        try NodeWorld.runRelay { world in
            world.begin { first, invite in
                let second = world.add(nick: "second", inviteOfGroup: invite)
                world.when({ second.id != nil }) {
                    for person in [first, second] {
                        person.isReachable = false
                        person.breakConnection()
                    }
                    let third = world.add(nick: "third", inviteOfGroup: invite)
                    world.when({ third.id != nil }) {
                        third.node?.say("anybody?", kind: .text, to: nil)
                        world.when({ third.texts == ["anybody?"] }) {
                            for person in [first, second] {
                                person.isReachable = true
                                person.node?.tryNow()
                            }
                            world.when({ first.texts == ["anybody?"] && second.texts == ["anybody?"] }) {
                                first.node?.say("me", kind: .text, to: nil)
                                world.when({ world.people.allSatisfy { $0.texts == ["anybody?", "me"] } }) {
                                    #expect(world.people.allSatisfy { $0.warnings.isEmpty })
                                    world.finish()
                                }
                            }
                        }
                    }
                }
            }
        }
    }

    @Test("All have left; the next ones begin where they were, and the first one comes back with the group's invite")
    func allHaveLeft() throws {
        try NodeWorld.runRelay { world in
            world.begin { first, invite in
                first.node?.leave()
                world.when({ first.ending != nil }) {
                    let second = world.add(nick: "second", inviteOfGroup: invite)
                    world.when({ second.id != nil }) {
                        let third = world.add(nick: "third", inviteOfGroup: invite)
                        world.when({ third.id != nil }) {
                            second.node?.say("hello", kind: .text, to: nil)
                            world.when({ third.texts == ["hello"] }) {
                                #expect(second.warnings.isEmpty && third.warnings.isEmpty)
                                world.finish()
                            }
                        }
                    }
                }
            }
        }
    }

    @Test("The one who created the group comes back after its place was lost, by the invite that it made")
    func theFirstComesBack() throws {
        var limits = NodeWorld.relayLimits
        limits.absence = .milliseconds(1)
        try NodeWorld.runRelay(limits) { world in
            world.begin { first, invite in
                let second = world.add(nick: "second", inviteOfGroup: invite)
                world.when({ second.id != nil }) {
                    first.isReachable = false
                    first.breakConnection()
                    world.when({ second.events.contains { if case .memberLeft = $0 { true } else { false } } }) {
                        first.isReachable = true
                        first.node?.tryNow()
                        world.when({ first.events.count { if case .joinedRoom = $0 { true } else { false } } == 2 }) {
                            first.node?.say("back", kind: .text, to: nil)
                            world.when({ second.texts == ["back"] }) { world.finish() }
                        }
                    }
                }
            }
        }
    }

    @Test("With a password the relay asks for it, and nobody comes in while nobody is there")
    func password() throws {
        var limits = NodeWorld.relayLimits
        limits.admitsUnattended = false
        try NodeWorld.runRelay(limits, password: "secret") { world in
            let password = try NodeWorld.stretched("secret")
            world.begin(password: password) { first, invite in
                let wrong = world.add(nick: "wrong", inviteOfGroup: invite)
                let right = world.add(nick: "right", password: password, inviteOfGroup: invite)
                world.when({ wrong.ending != nil && right.id != nil }) {
                    #expect(wrong.ending?.notice?.code == .passwordRequired)
                    for person in [first, right] { person.node?.leave() }
                    world.when({ first.ending != nil && right.ending != nil }) {
                        let late = world.add(nick: "late", password: password, inviteOfGroup: invite)
                        world.when({ late.ending != nil }) {
                            #expect(late.ending?.notice?.code == .nobodyHere)
                            world.finish()
                        }
                    }
                }
            }
        }
    }

    @Test("A founder whom nobody has followed, and who is away, bricks nothing: the first invite founds the group anew")
    func founderIsGone() throws {
        try NodeWorld.runRelay { world in
            world.begin { first, old in
                first.isReachable = false
                first.breakConnection()
                let second = world.add(nick: "second")
                world.when({ !second.invites.isEmpty }) {
                    let invite = try? Invite(parsing: second.invites[0])
                    #expect(invite?.secret.secretBytes != old.secret.secretBytes)
                    let third = world.add(nick: "third", inviteOfGroup: invite)
                    world.when({ third.id != nil }) {
                        third.node?.say("hello", kind: .text, to: nil)
                        world.when({ second.texts == ["hello"] }) {
                            #expect(world.host.memberCount == 2)
                            world.finish()
                        }
                    }
                }
            }
        }
    }

    @Test("A group that has members, away or not, is not given up for the first invite; when all have left, it is")
    func groupOfSeveral() throws {
        try NodeWorld.runRelay { world in
            world.begin { first, invite in
                let second = world.add(nick: "second", inviteOfGroup: invite)
                world.when({ second.id != nil }) {
                    for person in [first, second] {
                        person.isReachable = false
                        person.breakConnection()
                    }
                    let early = world.add(nick: "early")
                    world.when({ early.ending != nil }) {
                        #expect(early.ending?.notice?.code == .groupInviteNeeded)
                        for person in [first, second] {
                            person.isReachable = true
                            person.node?.tryNow()
                        }
                        let isBack = { (person: NodeWorld.Person) in
                            guard case .connection(let change)? = person.events.last else { return false }
                            return change.state == .connected
                        }
                        world.when({ isBack(first) && isBack(second) }) {
                            for person in [first, second] { person.node?.leave() }
                            world.when({ world.host.memberCount == 0 && first.ending != nil && second.ending != nil }) {
                                let late = world.add(nick: "late")
                                world.when({ !late.invites.isEmpty }) { world.finish() }
                            }
                        }
                    }
                }
            }
        }
    }

    @Test("Who moderates ends the room of a relay; nobody ends that of a host by asking for it")
    func ending() throws {
        try NodeWorld.runRelay { world in
            world.begin { first, invite in
                var ends = 0
                world.onEndWanted = {
                    ends += 1
                    world.host.ending.close(.hostQuit)
                }
                let second = world.add(nick: "second", inviteOfGroup: invite)
                world.when({ second.id != nil }) {
                    second.node?.perform(.end)
                    first.node?.perform(.end)
                    world.when({ first.ending != nil && second.ending != nil }) {
                        #expect(ends == 1 && first.errors.isEmpty && second.errors == [.notPermitted])
                        world.finish()
                    }
                }
            }
        }
        try NodeWorld.run { world in
            world.onEndWanted = { Issue.record("a member has ended the room") }
            world.whenAllAreIn(1) {
                world.host.commands.moderate(.end, by: MemberID(entropy: 1))
                world.finish()
            }
        }
    }

    @Test("A relay that nobody ever visits ends at its time")
    func nobodyComes() throws {
        try NodeWorld.run(limits: NodeWorld.relayLimits, closesAfter: .milliseconds(200)) { world in
            world.when({ world.hostClosed != nil }) {
                #expect(world.hostClosed == .ttl)
                world.finish()
            }
        }
    }

    @Test("Who only passes by founds no group: the next one does")
    func passingBy() throws {
        try NodeWorld.runRelay { world in
            let passer = world.add(nick: "passer", foundsGroup: false)
            world.when({ passer.ending != nil }) {
                #expect(passer.ending?.notice?.code == .groupInviteNeeded)
                #expect(passer.id == nil && passer.invites.isEmpty)
                world.begin { _, invite in
                    // With the group's invite it comes in, also by itself.
                    world.people[1].node?.leave()
                    world.when({ world.people[1].ending != nil }) {
                        let again = world.add(nick: "passer", foundsGroup: false, inviteOfGroup: invite)
                        world.when({ again.id != nil }) { world.finish() }
                    }
                }
            }
        }
    }

    @Test("An invite of a group says so, and is read as it was written")
    func inviteText() throws {
        SodiumLibrary.initialize()
        let address = try RoomAddress("127.0.0.1:12345")
        let secret = InviteSecret()
        let invite = Invite(
            room: .random(), address: address, hostKey: X25519.PrivateKey().publicKey, creatorKey: nil,
            secret: secret, isOfGroup: true)
        let read = try Invite(parsing: invite.text)
        #expect(read.isOfGroup && read.creatorKey == nil && read.secret.secretBytes == secret.secretBytes)
        #expect(read.text == invite.text && read.hostKey == invite.hostKey)
        let first = Invite(
            room: invite.room, address: address, hostKey: invite.hostKey, creatorKey: nil, secret: secret)
        #expect(try !Invite(parsing: first.text).isOfGroup)
        #expect(first.text.count == invite.text.count + 42)
        var changed = Array(invite.text)
        changed[changed.count - 10] = changed[changed.count - 10] == "A" ? "B" : "A"
        #expect(throws: ChatEvent.Notice.self) { try Invite(parsing: String(changed)) }
    }
}
