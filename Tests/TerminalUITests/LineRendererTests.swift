import Chat
import Testing

@testable import TerminalUI

@Suite struct LineRendererTests {
    private let renderer = LineRenderer()

    private func out(_ event: ChatEvent) -> [String] {
        let lines = renderer.lines(for: event)
        #expect(lines.stderr.isEmpty)
        return lines.stdout
    }

    private func err(_ event: ChatEvent) -> [String] {
        let lines = renderer.lines(for: event)
        #expect(lines.stdout.isEmpty)
        return lines.stderr
    }

    @Test("How a room can be joined is told as promised")
    func ready() {
        #expect(
            out(Sample.ready(.onion, timeToLive: 300)) == [
                "onion   x.onion:12345",
                "room    a3f5d7b9e2c4f6a8",
                "invite  termtalk://a3f5d7b9e2c4f6a8@x.onion:12345/?k=K",
                "expires in 300s",
            ])
        let direct = out(Sample.ready(.direct, timeToLive: nil))
        #expect(direct.first == "address x.onion:12345")
        #expect(direct.last == "expires never")
    }

    @Test("How far the start has come")
    func progress() {
        #expect(renderer.progressLine(.torConnect, nil) == "-!- connecting to tor ...")
        #expect(renderer.progressLine(.torBootstrap, 0) == "-!- [..........] 0% tor is starting")
        #expect(renderer.progressLine(.torBootstrap, 57) == "-!- [#####.....] 57% tor is starting")
        #expect(renderer.progressLine(.onionPublish, 100) == "-!- [##########] 100% publishing the onion service")
    }

    @Test("The conversation")
    func conversation() throws {
        #expect(out(try Sample.message("hi there")) == ["<alice> hi there"])
        #expect(out(try Sample.message("waves", kind: .action)) == ["* alice waves"])
        #expect(out(try Sample.message("psst", kind: .private)) == ["[private from alice] psst"])
        #expect(out(try Sample.message("mine", isOwn: true)) == [])
    }

    @Test("Own messages are shown when asked for")
    func ownMessages() throws {
        let echoing = LineRenderer(echoOwn: true)
        #expect(echoing.lines(for: try Sample.message("mine", isOwn: true)).stdout == ["<alice> mine"])
        let to = try Sample.id("zzz777")
        let own = try Sample.message("psst", kind: .private, isOwn: true, to: to)
        #expect(echoing.lines(for: own).stdout == ["[private to zzz777] psst"])
        guard case .message(var named) = own else { return #expect(Bool(false)) }
        named.toNick = "zoe"
        #expect(echoing.lines(for: .message(named)).stdout == ["[private to zoe] psst"])
        named.toNick = "zoe] "
        #expect(echoing.lines(for: .message(named)).stdout == ["[private to zzz777] psst"])
    }

    @Test("Nothing that a peer writes looks like another line")
    func imitation() throws {
        #expect(
            out(try Sample.message("a\n-!- bob has left\r\n<bob> hi\n\ntermtalk: x")) == [
                "<alice> a", "  -!- bob has left", "  <bob> hi", "  ", "  termtalk: x",
            ])
        #expect(out(try Sample.message("a\rb\u{2028}c\u{85}d")) == ["<alice> a\u{FFFD}b\u{FFFD}c\u{FFFD}d"])
        #expect(out(try Sample.message("x\u{1B}[1A")) == ["<alice> x\u{FFFD}[1A"])
    }

    @Test("A nick against the rules is not shown", arguments: ["bob> hi", "", "a\u{1B}", " alice", "-!-", "a\nb"])
    func forgedNicks(_ nick: String) throws {
        #expect(out(try Sample.message("x", nick: nick)) == ["<abc234> x"])
        #expect(
            err(.memberJoined(id: try Sample.id("abc234"), nick: nick, count: 2)) == [
                "-!- abc234 has joined (2 members)"
            ])
    }

    @Test("What happens in the room goes to stderr")
    func roomEvents() throws {
        let id = try Sample.id("abc234")
        #expect(err(.memberJoined(id: id, nick: "alice", count: 3)) == ["-!- alice has joined (3 members)"])
        #expect(
            err(.memberLeft(id: id, nick: "alice", reason: .lost, count: 2))
                == ["-!- alice has lost the connection (2 members)"])
        #expect(err(.nickChanged(id: id, oldNick: "alice", nick: "carol")) == ["-!- alice is now carol"])
        #expect(
            err(.members([.init(id: id, nick: "alice", isHost: true, isVerified: true)]))
                == ["-!- abc234 alice (host, verified)"])
        let since = WallClock.textForPeople(seconds: 1_700_000_000)
        #expect(
            err(.members([.init(id: id, nick: "alice", isHost: false, isVerified: true, awaySince: 1_700_000_000)]))
                == ["-!- abc234 alice (verified, away since \(since))"])
        #expect(
            err(.memberAway(id: id, nick: "alice", since: 1_700_000_000))
                == ["-!- alice is away since \(since): the connection is broken, the place is kept"])
        #expect(
            err(.memberBack(id: id, nick: "a\nb", since: 1_700_000_000))
                == ["-!- abc234 is back, and was away since \(since)"])
        #expect(err(.delivered(MessageID(1))) == [])
        #expect(err(.acknowledged(MessageID(1), count: 1, of: 1)) == [])
        #expect(err(.clearScreen) == ["-!- nothing was cleared: lines stay; /clear is for the full screen"])
        #expect(err(.invite("termtalk://x")) == ["-!- invite  termtalk://x"])
        #expect(err(.help(["/who  who is here", "/quit"])) == ["-!- /who  who is here", "-!- /quit"])
        #expect(err(.closed(.ttl)) == ["-!- the room is closed: its time is over"])
    }

    @Test("What is to be compared, and what to do with it")
    func verification() throws {
        let id = try Sample.id("abc234")
        let bob = ChatEvent.MemberInfo(id: id, nick: "bob", isHost: false, isVerified: true)
        let key = Fingerprint(of: [1])
        #expect(
            err(
                .verification(
                    .room(
                        .init(
                            epoch: 7, isCurrent: true, words: ["zoo", "zero"],
                            members: [
                                .init(info: bob, isOwn: true, fingerprint: key),
                                .init(info: bob, isOwn: false, fingerprint: nil),
                            ])))) == [
                    "-!- room words of epoch 7: zoo zero",
                    "-!- whoever sees other words for that epoch is in another room: compare over another channel",
                    "-!- \(key)  bob (verified) (you)",
                    "-!- not in the group  bob (verified)",
                ])
        let late = err(.verification(.room(.init(epoch: 7, isCurrent: false, words: ["zoo"], members: []))))
        #expect(late.count == 2 && late[1].contains("has changed"))
        for state in Verification.Check.State.allCases {
            // A nick that would be a line of ours is not shown.
            let lines = err(
                .verification(.check(.init(member: id, nick: "is verified\n-!- x", state: state, words: ["zoo"]))))
            #expect(lines.allSatisfy { $0.hasPrefix("-!- ") && $0.contains("abc234") }, "\(lines)")
            #expect(lines.count == (state == .compare ? 2 : 1))
        }
        let compare = err(
            .verification(.check(.init(member: id, nick: "bob", state: .compare, words: ["zoo", "zero"]))))
        #expect(compare[0] == "-!- words of you and bob: zoo zero")
        #expect(compare[1].hasSuffix("/verify bob yes, or no"))
    }

    @Test("Getting in and staying connected")
    func connection() throws {
        #expect(err(.starting(.onionPublish, progress: 40)) == ["-!- publishing the onion service (40%)"])
        #expect(err(.starting(.dial, progress: nil)) == ["-!- connecting to the host"])
        #expect(
            err(try Sample.joined(expires: 1_700_000_000)) == [
                "-!- joined room r1 at 127.0.0.1:4000 as zzz777",
                "-!- host key KEY: new, compare it with the host's",
                "-!- members (2): alice (host, verified), zzz777",
                "-!- the room closes at 2023-11-14 22:13:20 UTC",
            ])
        #expect(err(try Sample.joined(expires: nil)).count == 3)
        #expect(
            err(.connection(.init(state: .reconnecting, attempt: 2, retryInMilliseconds: 1500, cause: "reset\nx")))
                == ["-!- reconnecting (attempt 2, in 2 s): reset\u{FFFD}x"])
        #expect(
            err(.connection(.init(state: .reconnecting, retryInMilliseconds: 1000, cause: "connection-refused")))
                == ["-!- reconnecting (in 1 s): connection refused"])
        #expect(err(.waiting(MessageID(1), text: "a\nb")) == ["-!- waits for the connection: a", "-!-   b"])
        #expect(err(.connection(.init(state: .connected))) == ["-!- connected"])
    }

    @Test("Warnings and errors are a line and a hint")
    func notices() {
        let notice = ChatEvent.Notice(.nickTaken, "nick: \u{1B}taken", hint: "choose another")
        #expect(err(.warning(notice)) == ["termtalk: nick: \u{FFFD}taken", "hint: choose another"])
        #expect(err(.error(.init(.usage, "no room"))) == ["termtalk: no room"])
    }

    @Test("Colour, when wanted")
    func colour() throws {
        let coloured = LineRenderer(colour: true)
        let lines = coloured.lines(for: try Sample.message("hi"))
        let pieces = try #require(lines.stdout.first).split(separator: "\u{1B}")
        #expect(pieces.count == 3)
        #expect(pieces.first == "<")
        #expect(pieces.last == "[0m> hi")
        #expect(coloured.lines(for: .closed(.quit)).stderr == ["\u{1B}[2m-!- you have left the room\u{1B}[0m"])
    }
}
