import Chat
import EventLoop
import Room
import SecureSession
import Testing

@testable import TermTalk

/// Rooms with a password, from the member's and the host's nodes on.
@Suite struct PasswordNodeTests {
    private func guesses(_ world: NodeWorld) -> [Int?] {
        world.hostEvents.compactMap {
            if case .warning(let notice) = $0, notice.code == .passwordGuessed { .some(notice.count) } else { nil }
        }
    }

    @Test(arguments: [true, false], [1, 65_536]) func theRightPasswordLetsIn(isInvited: Bool, chunk: Int) throws {
        let password = try NodeWorld.stretched("open sesame")
        try NodeWorld.run(isInvited: isInvited, password: "open sesame") { world in
            world.chunkSize = chunk
            let alice = world.add(nick: "alice", password: password)
            let bob = world.add(nick: "bob", password: password)
            world.whenAllAreIn(3) {
                alice.node?.say("hello", kind: .text, to: nil)
                world.when({ bob.texts == ["hello"] && world.hostTexts == ["hello"] }) { world.finish() }
            }
        }
    }

    @Test func wrongOnesAreRefusedToldAndSlowed() throws {
        let wrong = try NodeWorld.stretched("open barley")
        try NodeWorld.run(isInvited: false, password: "open sesame") { world in
            var codes: [NoticeCode?] = []
            func tryNext() {
                let person = world.add(password: wrong)
                world.when({ person.ending != nil }) {
                    codes.append(person.ending?.notice?.code)
                    guard codes.count < 4 else {
                        // Two are free, the third costs, and so the fourth is not even looked at.
                        #expect(codes == [.passwordWrong, .passwordWrong, .passwordWrong, .rateLimited])
                        #expect(guesses(world) == [1, 2, 3])
                        #expect(world.host.memberCount == 1)
                        #expect(world.people.allSatisfy { $0.id == nil })
                        return world.finish()
                    }
                    tryNext()
                }
            }
            tryNext()
        }
    }

    /// Many connections that get their answers before the first has shown its tag: still only so many guesses.
    @Test func guessesAtOnceAreGuessesToo() throws {
        let wrong = try NodeWorld.stretched("open barley")
        try NodeWorld.run(isInvited: true, password: "open sesame") { world in
            let people = (0..<12).map { _ in world.add(password: wrong) }
            world.when({ people.allSatisfy { $0.ending != nil } }) {
                let codes = people.map { $0.ending?.notice?.code }
                #expect(codes.count { $0 == .passwordWrong } == 3)
                #expect(codes.count { $0 == .rateLimited } == 9)
                #expect(guesses(world) == [1, 2, 3])
                world.finish()
            }
        }
    }

    @Test func withoutOneNobodyGetsIn() throws {
        try NodeWorld.run(password: "open sesame") { world in
            let person = world.add(nick: "alice")
            world.when({ person.ending != nil }) {
                #expect(person.ending?.notice?.code == .passwordRequired)
                #expect(guesses(world).isEmpty)
                #expect(world.hostComings.isEmpty)
                world.finish()
            }
        }
    }

    /// Whoever has a password goes to a host that knows it, and to no other.
    @Test func aRoomWithoutOneIsNotTheRightRoom() throws {
        let password = try NodeWorld.stretched("open sesame")
        try NodeWorld.run { world in
            let person = world.add(nick: "alice", password: password)
            world.when({ person.ending != nil }) {
                #expect(person.ending?.notice?.code == .passwordUnconfirmed)
                #expect(world.hostComings.isEmpty)
                world.finish()
            }
        }
    }

    /// The member proves that it is the same one, and is not asked again, although nobody may try a password now.
    @Test func aMemberComesBackWithoutIt() throws {
        let password = try NodeWorld.stretched("open sesame")
        try NodeWorld.run(password: "open sesame") { world in
            let alice = world.add(nick: "alice", password: password)
            world.whenAllAreIn(2) {
                guard let network = PeerNetwork(.ip("192.0.2.1", port: 1)), let invite = world.invite else { return }
                let link = LinkID(slot: 99)
                world.host.door.arrived(link, from: network)
                world.host.door.answered(link, invite: invite)
                for _ in 0..<9 { _ = world.host.door.passwordWasWrong(link, now: world.loop.time) }
                world.host.door.gone(link)
                alice.breakConnection()
                world.sayAsHost("are you there?")
                world.when({ alice.texts == ["are you there?"] }) {
                    #expect(alice.dialCount == 2)
                    #expect(world.hostComings.count == 1)
                    world.finish()
                }
            }
        }
    }

    /// Its place is gone, so it joins anew: with the password.
    @Test func aMemberThatLostItsPlaceShowsItAgain() throws {
        let password = try NodeWorld.stretched("open sesame")
        var limits = RoomLimits()
        limits.absence = .milliseconds(1)
        try NodeWorld.run(limits: limits, password: "open sesame") { world in
            let alice = world.add(nick: "alice", password: password)
            world.whenAllAreIn(2) {
                alice.isReachable = false
                alice.breakConnection()
                alice.node?.say("still here", kind: .text, to: nil)
                world.when({ world.host.memberCount == 1 }) {
                    alice.isReachable = true
                    world.when({ world.hostTexts == ["still here"] }) {
                        #expect(world.host.memberCount == 2)
                        world.finish()
                    }
                }
            }
        }
    }
}
