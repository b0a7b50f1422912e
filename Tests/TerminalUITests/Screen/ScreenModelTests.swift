import Chat
import Testing

@testable import TerminalUI

@Suite struct ScreenModelTests {
    private static let now = Moment(seconds: 1_700_000_000, date: "2026-11-24", weekday: "Tuesday", time: "09:05")

    /// A screen of somebody called zzz777 in a room with alice.
    private func joined(width: Int = 80, height: Int = 12, bell: Alerts.Occasion = .mention) throws -> ScreenModel {
        var model = ScreenModel(size: ScreenSize(width: width, height: height), alerts: Alerts(bell: bell))
        model.heard(try Sample.joined(expires: Self.now.seconds + 300), at: Self.now)
        return model
    }

    private func frame(_ model: ScreenModel) -> ScreenFrame {
        var model = model
        return model.frame()
    }

    private func texts(_ model: ScreenModel) -> [String] { frame(model).rows.map(\.text) }

    private func own(_ text: String, id: UInt64 = 5) throws -> ChatEvent.ChatMessage {
        .init(
            id: MessageID(id), sequence: nil, from: try Sample.id("zzz777"), nick: "zzz777", text: text, kind: .text,
            isOwn: true)
    }

    @Test("What was said while one was away stands at its time, under its day, and counts as new now")
    func saidBefore() throws {
        var model = try joined(height: 20)
        let before = Moment(seconds: Self.now.seconds - 43_200, date: "2026-11-23", weekday: "Monday", time: "21:05")
        model.heard(try Sample.message("zzz777: in the evening", saidAt: before.seconds), at: Self.now, said: before)
        model.heard(try Sample.message("in the morning"), at: Self.now)
        let rows = texts(model)
        let day = try #require(rows.firstIndex { $0.hasPrefix("--- 2026-11-23 Monday ---") })
        #expect(rows[day + 1].hasPrefix("21:05 ") && rows[day + 1].contains("in the evening"))
        #expect(rows[day + 2].hasPrefix("--- 2026-11-24 Tuesday ---") && rows[day + 3].hasPrefix("09:05 "))
        // The bell rings by the clock of now.
        let rings = model.takeBell()
        #expect(rings)
    }

    @Test(
        "Every size has all its rows, none too wide, and the cursor inside",
        arguments: [(40, 10), (80, 24), (250, 80), (1, 1), (2, 2), (3, 1), (1, 9), (20, 3), (60, 4), (61, 5)])
    func sizes(_ width: Int, _ height: Int) throws {
        var model = try joined(width: width, height: height)
        model.heard(try Sample.message("hello 你好 \(String(repeating: "long ", count: 60))"), at: Self.now)
        for text in ["", "typed 你好", String(repeating: "x", count: 400), "\n\n\n\n\n\n\n\n"] {
            _ = model.pressed(.paste(text))
            let frame = frame(model)
            #expect(frame.rows.count == height)
            #expect(frame.rows.allSatisfy { $0.width <= width })
            #expect(frame.cursorRow < height && frame.cursorRow >= 0)
            #expect(frame.cursorColumn < width && frame.cursorColumn >= 0)
        }
        _ = model.pressed(.pageUp)
        _ = model.pressed(.pageDown)
        model.resized(to: ScreenSize(width: width * 2, height: max(1, height / 2)))
        #expect(frame(model).rows.count == max(1, height / 2))
    }

    @Test("How far a file is moves in one line, which what has become of it takes the place of")
    func fileProgress() throws {
        var model = try joined(width: 120)
        let file = FileNews.File(
            number: 3, id: "", from: try Sample.id("aaa777"), nick: "alice", name: "x.iso", remark: nil, size: 1_000,
            to: nil, isOwn: false)
        for bytes in stride(from: UInt64(100), to: 1_000, by: 100) {
            let progress = FileNews.Progress(bytes: bytes, rate: 50, member: nil, isMilestone: false)
            model.heard(.file(.progress(file, progress)), at: Self.now)
            model.heard(.message(try own("\(bytes)", id: bytes)), at: Self.now)
        }
        let bars = texts(model).filter { $0.contains("% of file 3") }
        #expect(bars.count == 1 && bars[0].contains("[#########.] 90%"))
        model.heard(.file(.done(file, path: "/in/x.iso", member: nil)), at: Self.now)
        #expect(!texts(model).contains { $0.contains("% of file 3") })
        #expect(texts(model).contains { $0.contains("is here: /in/x.iso") })
    }

    @Test("Who is away is marked in the list, with the time, and counted in the bar")
    func away() throws {
        var model = ScreenModel(size: ScreenSize(width: 120, height: 12))
        model.heard(try Sample.joined(expires: nil), at: Self.now)
        #expect(model.nextChange == nil)
        let id = try Sample.id("abc234")
        let since = Self.now.seconds - 130
        model.heard(.memberAway(id: id, nick: "alice", since: since), at: Self.now)
        #expect(texts(model)[0].hasSuffix("|@alice away 2m +"))
        #expect(texts(model).contains { $0.contains("2 members, 1 away") })
        #expect(model.nextChange == Self.now.seconds + 60)
        model.heard(.memberBack(id: id, nick: "alice", since: since), at: Self.now)
        #expect(texts(model)[0].hasSuffix("|@alice +"))
        #expect(!texts(model).contains { $0.contains("1 away") })
        model.heard(
            .members([.init(id: id, nick: "alice", isHost: true, isVerified: false, awaySince: since - 90_000)]),
            at: Self.now)
        #expect(texts(model)[0].hasSuffix("|@alice away 1d"))
    }

    @Test("A conversation, with the members beside it")
    func conversation() throws {
        var model = try joined()
        model.heard(try Sample.message("hi there"), at: Self.now)
        model.heard(try Sample.message("waves", kind: .action), at: Self.now)
        let lines = texts(model)
        #expect(lines.contains { $0.hasPrefix("09:05    <alice> hi there ") })
        #expect(lines.contains { $0.hasPrefix("09:05    * alice waves ") })
        #expect(lines[0].hasSuffix("|@alice +"))
        #expect(lines[1].hasSuffix("| zzz777"))
        #expect(lines.last == "zzz777> ")
        let status = try #require(lines.dropLast().last)
        for part in ["direct 127.0.0.1:4000", "room r1", "5 min left", "2 members", "host key NEW"] {
            // The time left goes down to minutes.
            #expect(status.contains(part) || part.contains("connected"), "\(part): \(status)")
        }
    }

    @Test("A narrow terminal has no member list, and keeps what matters of the status")
    func narrow() throws {
        let lines = texts(try joined(width: 40, height: 10))
        #expect(!lines.contains { $0.contains("|@alice") })
        #expect(lines[8].contains("min left"))
        #expect(lines[9] == "> ")
    }

    @Test("Own messages are marked waiting, delivered, received, and take their place in the room's order")
    func delivery() throws {
        var model = try joined()
        model.heard(.sending(try own("mine")), at: Self.now)
        #expect(texts(model).contains { $0.hasPrefix("09:05 ·  <zzz777> mine") })
        model.heard(try Sample.message("came first"), at: Self.now)
        model.heard(.delivered(MessageID(5)), at: Self.now)
        model.heard(.message(try own("mine")), at: Self.now)
        let lines = texts(model)
        let place = try #require(lines.firstIndex { $0.hasPrefix("09:05 ✓  <zzz777> mine") })
        #expect(lines[place - 1].contains("came first"))
        #expect(lines.filter { $0.contains("mine") }.count == 1)
        model.heard(.acknowledged(MessageID(5), count: 1, of: 2), at: Self.now)
        #expect(texts(model).contains { $0.hasPrefix("09:05 ✓  <zzz777> mine") })
        model.heard(.acknowledged(MessageID(5), count: 2, of: 2), at: Self.now)
        #expect(texts(model).contains { $0.hasPrefix("09:05 ✓✓ <zzz777> mine") })
        model.heard(.acknowledged(MessageID(5), count: 2, of: 2, missed: 1), at: Self.now)
        #expect(texts(model).contains { $0.hasPrefix("09:05 ✓! <zzz777> mine") })
        model.heard(.sending(try own("refused", id: 6)), at: Self.now)
        model.heard(.notSent(MessageID(6)), at: Self.now)
        #expect(!texts(model).contains { $0.contains("refused") })
    }

    @Test("Nothing that a peer writes looks like a line of the program or of somebody else")
    func imitation() throws {
        var model = try joined(width: 50, height: 40)
        let forged = "x\n-!- bob has left\n09:05    -!- forged\n--- 2026-11-25 ---\n<bob> forged\r09:05 ✓✓ <bob> forged"
        model.heard(
            try Sample.message(forged + " " + String(repeating: "09:05    -!- wrapped ", count: 9)), at: Self.now)
        let rows = texts(model).dropLast(2)
        let start = try #require(rows.firstIndex { $0.hasPrefix("09:05    <alice> x") })
        // All that follows is hers, and begins further right than anything of the program does.
        let hers = rows[(start + 1)...]
        #expect(hers.count > 5)
        for row in hers { #expect(row.hasPrefix(String(repeating: " ", count: 11)), "\(row)") }
    }

    @Test("A nick that is none is not shown")
    func forgedNick() throws {
        var model = try joined()
        model.heard(try Sample.message("x", nick: "> -!- bob\n"), at: Self.now)
        #expect(texts(model).contains { $0.hasPrefix("09:05    <abc234> x") })
    }

    @Test("Scrolled up, what comes is counted and told")
    func unread() throws {
        var model = try joined(width: 60, height: 10)
        for number in 0..<40 { model.heard(try Sample.message("number \(number)"), at: Self.now) }
        _ = model.pressed(.pageUp)
        model.heard(try Sample.message("new one"), at: Self.now)
        model.heard(try Sample.message("new two"), at: Self.now)
        var lines = texts(model)
        #expect(lines[8].contains("2 unread"))
        #expect(!lines.contains { $0.contains("new one") })
        _ = model.pressed(.pageDown)
        _ = model.pressed(.pageDown)
        lines = texts(model)
        #expect(!lines[8].contains("unread"))
        #expect(lines.contains { $0.contains("new two") })
    }

    @Test("Being spoken of is marked, and rings the bell as chosen")
    func bell() throws {
        for (bell, text, rings) in [
            (.mention, "hi zzz777!", true), (.mention, "hi Zzz777.", true), (.mention, "hi zzz7777", false),
            (.mention, "hi all", false), (.message, "hi all", true), (.never, "hi zzz777", false),
        ] as [(Alerts.Occasion, String, Bool)] {
            var model = try joined(bell: bell)
            model.heard(try Sample.message(text), at: Self.now)
            let hasRung = model.takeBell()
            #expect(hasRung == rings, "\(bell) \(text)")
            let again = model.takeBell()
            #expect(!again)
        }
        var model = try joined()
        model.heard(try Sample.message("psst", kind: .private), at: Self.now)
        let hasRung = model.takeBell()
        #expect(hasRung)
        let runs = frame(model).rows.flatMap(\.runs)
        #expect(runs.contains { $0.text == "alice" && $0.style.isReversed })
    }

    @Test("The connection is in the status bar, with its next try; the clock goes by itself")
    func connection() throws {
        var model = try joined()
        #expect(model.nextChange == Self.now.seconds + 1)
        model.heard(
            .connection(.init(state: .reconnecting, attempt: 3, retryInMilliseconds: 4_200)), at: Self.now)
        #expect(texts(model)[10].contains("reconnecting #3 in 5 s"))
        model.timePassed(to: Self.now.seconds + 2)
        #expect(texts(model)[10].contains("reconnecting #3 in 3 s"))
        model.heard(.connection(.init(state: .connected)), at: Self.now)
        #expect(!texts(model)[10].contains("reconnecting"))
        model.timePassed(to: Self.now.seconds + 299)
        #expect(texts(model)[10].contains("1 s left"))
        model.timePassed(to: Self.now.seconds + 300)
        #expect(model.nextChange == nil)
    }

    @Test("Words to compare are shown, ring, and mark the member when the person says so")
    func verification() throws {
        var model = try joined(width: 100)
        let (alice, own) = (try Sample.id("abc234"), try Sample.id("zzz777"))
        func hear(_ state: Verification.Check.State, _ member: MemberID) {
            let check = Verification.Check(member: member, nick: "alice", state: state, words: ["zoo", "zero"])
            model.heard(.verification(.check(check)), at: Self.now)
        }
        hear(.waiting, alice)
        var hasRung = model.takeBell()
        #expect(!hasRung)
        hear(.compare, alice)
        hasRung = model.takeBell()
        #expect(hasRung && texts(model).contains { $0.contains("-!- words of you and alice: zoo zero") })
        hear(.withdrawn, alice)
        #expect(texts(model)[0].hasSuffix("|@alice"))
        hear(.verified, own)
        #expect(texts(model)[1].hasSuffix("| zzz777 +"))
        hear(.differs, own)
        #expect(texts(model)[1].hasSuffix("| zzz777"))
        model.heard(
            .verification(.room(.init(epoch: 3, isCurrent: true, words: ["one", "two"], members: []))), at: Self.now)
        #expect(texts(model).contains { $0.contains("room words of epoch 3: one two") })
    }

    @Test("What the host decides about the room is in the status bar")
    func room() throws {
        var model = try joined(width: 120)
        model.heard(.room(.topic("the release")), at: Self.now)
        model.heard(.room(.locked(true)), at: Self.now)
        model.heard(.room(.extended(secondsLeft: 7_260)), at: Self.now)
        #expect(texts(model).count == 12 && texts(model)[0].hasPrefix(" topic: the release"))
        for part in ["locked", "2 h 1 min left"] {
            #expect(texts(model)[10].contains(part), "\(part): \(texts(model)[10])")
        }
        model.heard(.room(.locked(false)), at: Self.now)
        #expect(!texts(model)[10].contains("locked"))
        model.heard(.warning(.init(.underAttack, "under attack: refused in 1 s: 20 passwords")), at: Self.now)
        #expect(texts(model)[10].contains("under attack"))
        model.heard(.warning(.init(.attackOver, "the attack is over")), at: Self.now)
        #expect(!texts(model)[10].contains("under attack"))
        model.heard(.room(.joinRequest(id: MemberID(entropy: 1), nick: "new")), at: Self.now)
        let hasRung = model.takeBell()
        #expect(hasRung)
        let invite = RoomChange.Invite(
            number: 2, text: "termtalk://a", usesLeft: 1, used: 0, secondsLeft: nil)
        model.heard(.room(.inviteMade(invite)), at: Self.now)
        // Alone in its row, to be copied.
        #expect(texts(model).filter { $0.contains("termtalk://a") }.count == 1)
        #expect(texts(model).contains { $0.hasPrefix("termtalk://a ") })
    }

    @Test("/approve and /deny complete those who wait, until they do no longer")
    func completingThoseWhoWait() throws {
        var model = try joined(height: 40)
        let ids = (0..<4).map { MemberID(entropy: UInt32($0)) }
        func completed(_ typed: String) -> String? {
            var model = model
            _ = model.pressed(.text(typed))
            _ = model.pressed(.tab)
            return texts(model).last
        }
        func hear(_ change: RoomChange) { model.heard(.room(change), at: Self.now) }
        #expect(completed("/approve ") == "zzz777> /approve ")
        hear(.joinRequest(id: ids[0], nick: "Harry"))
        hear(.joinRequest(id: ids[1], nick: "ron"))
        #expect(completed("/approve ") == "zzz777> /approve Harry ")
        #expect(completed("/deny R") == "zzz777> /deny ron ")
        #expect(completed("/approve al") == "zzz777> /approve al")
        #expect(completed("/kick ") == "zzz777> /kick alice ")
        // Nobody is taken for somebody else.
        hear(.joinRequest(id: ids[2], nick: "harry"))
        #expect(completed("/approve ") == "zzz777> /approve \(ids[0]) ")
        hear(.joinRequestOver(id: ids[2]))
        model.heard(.memberJoined(id: ids[0], nick: "Harry", count: 3), at: Self.now)
        #expect(completed("/approve ") == "zzz777> /approve ron ")
        hear(.joinRequest(id: ids[3], nick: "-!- \u{1B}"))
        #expect(completed("/approve \(ids[3].description.prefix(3))") == "zzz777> /approve \(ids[3]) ")
        // They are listed after who is there.
        model.heard(.clearScreen, at: Self.now)
        model.heard(.members([]), at: Self.now)
        #expect(texts(model).contains { $0.contains("ron wants to come in: /approve \(ids[1])") })
    }

    @Test("So many who wait are known, and one more takes the place of the first")
    func boundOfThoseWhoWait() {
        var roster = MemberRoster()
        let ids = (0...MemberRoster.maximumWaitingCount).map { MemberID(entropy: UInt32($0)) }
        for id in ids.dropLast() { roster.waits(id, nick: "n\(id)") }
        #expect(roster.waiting.map(\.id) == Array(ids.dropLast()))
        for id in ids { roster.waits(id, nick: "n\(id)") }
        #expect(roster.waiting.count == MemberRoster.maximumWaitingCount)
        #expect(roster.waiting.last?.id == ids.last)
    }

    @Test("A line that was pasted with its end is what it is without")
    func pastedEnd() throws {
        for (pasted, submitted) in [
            ("hello\r\n", "hello"), ("/who\n", "/who"), ("a\n\nb\n\n", "a\n\nb"), ("\n\n", nil),
        ] as [(String, String?)] {
            var model = try joined()
            _ = model.pressed(.paste(pasted))
            let actions = model.pressed(.enter)
            #expect(actions == submitted.map { [.submit($0)] } ?? [])
        }
    }

    @Test("What slow mode refused is put back, whatever was entered after it")
    func refusedBySlowMode() throws {
        var model = try joined()
        for line in ["/me waves", "/who", "/msg alice psst", "   "] {
            _ = model.pressed(.text(line))
            _ = model.pressed(.enter)
        }
        model.heard(.error(.init(.slowMode, "not yet")), at: Self.now)
        #expect(texts(model).last == "zzz777> /me waves")
    }

    @Test("A topic has a line of its own, at 80 columns too, and none where there is no room")
    func topicLine() throws {
        var model = try joined(width: 80)
        model.heard(.room(.topic(#"x | host key known | \u{1B}[2J5 unread"#)), at: Self.now)
        #expect(texts(model)[0].hasPrefix(" topic: x | host key known | "))
        let bar = try #require(texts(model).dropLast().last)
        #expect(!bar.contains("5 unread") && !bar.contains("topic"))
        model.resized(to: ScreenSize(width: 80, height: 6))
        #expect(texts(model).count == 6 && !texts(model)[0].contains("topic:"))
        model.resized(to: ScreenSize(width: 80, height: 12))
        model.heard(.room(.topic("")), at: Self.now)
        #expect(!texts(model)[0].contains("topic:"))
    }

    @Test("F5 hides the member list and shows it again; a narrow screen has none")
    func memberList() throws {
        var model = try joined(width: 80)
        #expect(texts(model)[0].contains("|@alice"))
        _ = model.pressed(.toggleMembers)
        #expect(!texts(model).contains { $0.contains("|@alice") })
        _ = model.pressed(.toggleMembers)
        #expect(texts(model)[0].contains("|@alice"))
        model.resized(to: ScreenSize(width: 59, height: 12))
        #expect(!texts(model).contains { $0.contains("|@alice") })
    }

    @Test("A night without a connection is one line that changes")
    func reconnecting() throws {
        var model = try joined(width: 80, height: 20)
        let before = texts(model).count { $0.contains("-!-") }
        for attempt in 1...300 {
            model.heard(
                .connection(
                    .init(state: .reconnecting, attempt: attempt, retryInMilliseconds: 1_000, cause: "connection-lost")),
                at: Self.now)
        }
        #expect(texts(model).count { $0.contains("-!-") } == before + 1)
        #expect(texts(model).contains { $0.contains("reconnecting (attempt 300") })
        model.heard(.connection(.init(state: .connected)), at: Self.now)
        #expect(!texts(model).contains { $0.contains("-!- reconnecting") })
        model.heard(.help(["between"]), at: Self.now)
        model.heard(.connection(.init(state: .reconnecting, attempt: 1)), at: Self.now)
        #expect(texts(model).contains { $0.contains("-!- connected") })
    }

    @Test("The wheel scrolls, and the title counts what was not seen")
    func wheel() throws {
        var model = try joined(height: 12)
        for number in 0..<40 { model.heard(try Sample.message("line \(number)"), at: Self.now) }
        #expect(model.title == "termtalk r1")
        _ = model.pressed(.wheelUp)
        #expect(!texts(model).contains { $0.contains("line 39") })
        model.heard(try Sample.message("later"), at: Self.now)
        #expect(model.title == "termtalk r1 (1)")
        for _ in 0..<2 { _ = model.pressed(.wheelDown) }
        #expect(texts(model).contains { $0.contains("later") })
        #expect(model.title == "termtalk r1")
    }

    @Test("When the room closes is told as the time that is left")
    func timeLeft() throws {
        let model = try joined(height: 20)
        #expect(texts(model).contains { $0.contains("-!- it closes in 5 minutes") })
        #expect(!texts(model).contains { $0.contains("UTC") })
    }

    @Test("However much is said, a bell rings once in some seconds")
    func manyBells() throws {
        var model = try joined(bell: .message)
        var rung = 0
        var moment = Self.now
        for _ in 0..<9 {
            moment.seconds += 1
            for _ in 0..<40 {
                model.heard(try Sample.message("hi"), at: moment)
                if model.takeBell() { rung += 1 }
            }
        }
        #expect(rung == 3)
    }

    @Test("Too much for one message rings, unless nothing does")
    func tooLongPaste() throws {
        for (bell, rings) in [(.mention, true), (.message, true), (.never, false)] as [(Alerts.Occasion, Bool)] {
            var model = try joined(bell: bell)
            _ = model.pressed(.paste(String(repeating: "x", count: LineEditor.maximumByteCount + 1)))
            #expect(texts(model).contains { $0.contains("too long for one message") })
            let hasRung = model.takeBell()
            #expect(hasRung == rings, "\(bell)")
        }
    }

    @Test("Typing, sending, and what was typed before")
    func typing() throws {
        var model = try joined()
        _ = model.pressed(.text("hello"))
        #expect(frame(model).cursorColumn == "zzz777> hello".count)
        var actions = model.pressed(.enter)
        #expect(actions == [.submit("hello")])
        #expect(texts(model).last == "zzz777> ")
        actions = model.pressed(.enter)
        #expect(actions == [])
        _ = model.pressed(.up)
        #expect(texts(model).last == "zzz777> hello")
        _ = model.pressed(.down)
        actions = model.pressed(.endOfInput)
        #expect(actions == [.endOfInput])
        _ = model.pressed(.text("al"))
        _ = model.pressed(.tab)
        #expect(texts(model).last == "zzz777> alice: ")
    }

    @Test("A paste of several lines is one message, and is seen before it is sent")
    func paste() throws {
        var model = try joined()
        _ = model.pressed(.paste("one\ntwo\nthree"))
        #expect(texts(model).suffix(3) == ["zzz777> one", "  two", "  three"])
        let actions = model.pressed(.enter)
        #expect(actions == [.submit("one\ntwo\nthree")])
    }

    @Test("Members come and go")
    func members() throws {
        var model = try joined(height: 10)
        for number in 0..<12 {
            model.heard(
                .memberJoined(id: MemberID(entropy: UInt32(number)), nick: "n\(number)", count: 3), at: Self.now)
        }
        #expect(texts(model)[7].hasSuffix("and 7 more"))
        for number in 0..<11 {
            model.heard(
                .memberLeft(id: MemberID(entropy: UInt32(number)), nick: "n\(number)", reason: .quit, count: 3),
                at: Self.now)
        }
        model.heard(.nickChanged(id: MemberID(entropy: 11), oldNick: "n11", nick: "other"), at: Self.now)
        #expect(texts(model)[1].hasSuffix("| other"))
    }
}
