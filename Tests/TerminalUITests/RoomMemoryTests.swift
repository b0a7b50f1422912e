import Chat
import Testing

@testable import TerminalUI

@Suite struct RoomMemoryTests {
    private let moment = Moment(seconds: 1_700_000_000, date: "2023-11-14", weekday: "Tuesday", time: "22:13")

    private func memory() throws -> RoomMemory {
        var memory = RoomMemory()
        #expect(memory.heard(try Sample.joined(expires: nil), at: moment))
        return memory
    }

    @Test func whoIsIgnoredIsNotShown() throws {
        var memory = try memory()
        #expect(memory.ignoredLine == "nobody is ignored")
        #expect(try memory.ignore("ALICE").contains("alice"))
        #expect(!memory.heard(try Sample.message("spam"), at: moment))
        #expect(!memory.heard(.nickChanged(id: try Sample.id("abc234"), oldNick: "alice", nick: "eve"), at: moment))
        // By its id, whatever it is called now, and never oneself.
        #expect(!memory.heard(try Sample.message("more", nick: "eve"), at: moment))
        #expect(memory.heard(try Sample.message("mine", isOwn: true), at: moment))
        #expect(memory.ignoredLine == "ignored: alice")
        #expect(memory.lastlog("spam") == ["nothing was said here with that in it"])
        _ = try memory.unignore("alice")
        #expect(memory.heard(try Sample.message("hello"), at: moment))
        for name in ["zzz777", "nobody", ""] {
            #expect(throws: ChatEvent.Notice.self) { try memory.ignore(name) }
        }
        #expect(throws: ChatEvent.Notice.self) { try memory.unignore("alice") }
    }

    @Test func ignoringIsBounded() throws {
        var memory = try memory()
        for number in 0...RoomMemory.maximumIgnoredCount {
            let id = MemberID(entropy: UInt32(number + 1))
            _ = memory.heard(.memberJoined(id: id, nick: "m\(number)", count: number), at: moment)
        }
        for number in 0..<RoomMemory.maximumIgnoredCount { _ = try memory.ignore("m\(number)") }
        #expect(throws: ChatEvent.Notice.self) { try memory.ignore("m\(RoomMemory.maximumIgnoredCount)") }
    }

    @Test func whatWasSaidIsFound() throws {
        var memory = try memory()
        _ = memory.heard(try Sample.message("the Cat\u{1B}[2J sat"), at: moment)
        _ = memory.heard(try Sample.message("a dog"), at: moment)
        #expect(memory.lastlog("cAT").count == 1)
        #expect(memory.lastlog("cat").allSatisfy { $0.hasPrefix("22:13 <alice> the Cat") && !$0.contains("\u{1B}") })
        #expect(memory.lastlog("alice").count == 2)
        _ = memory.heard(.clearScreen, at: moment)
        #expect(memory.lastlog("cat") == ["nothing was said here with that in it"])
        for number in 0..<(RoomMemory.maximumLogCount + 10) {
            _ = memory.heard(try Sample.message("number \(number)."), at: moment)
        }
        #expect(memory.lastlog("number 9.") == ["nothing was said here with that in it"])
        #expect(memory.lastlog("number 10.").count == 1)
        #expect(memory.lastlog("number").count == RoomMemory.maximumAnswerCount)
    }

    @Test func howFarMessagesHaveCome() throws {
        var memory = try memory()
        #expect(memory.sentLines == ["you have said nothing yet"])
        _ = memory.heard(.waiting(MessageID(1), text: "one"), at: moment)
        #expect(memory.sentLines == ["\"one\" waits for the connection"])
        _ = memory.heard(.delivered(MessageID(1)), at: moment)
        _ = memory.heard(.acknowledged(MessageID(1), count: 1, of: 2), at: moment)
        #expect(memory.sentLines == ["\"one\" was received by 1 of the 2 others who are present"])
        _ = memory.heard(.acknowledged(MessageID(1), count: 2, of: 2, missed: 1), at: moment)
        #expect(
            memory.sentLines == [
                "\"one\" was received by 2 of the 2 others who are present; 1 who was away will not get it"
            ])
        for number in 2..<40 { _ = memory.heard(.waiting(MessageID(UInt64(number)), text: "x"), at: moment) }
        #expect(memory.sentLines.count == RoomMemory.maximumSentCount)
    }

    @Test func theTopic() throws {
        var memory = try memory()
        #expect(memory.topicLine == "the room has no topic")
        _ = memory.heard(.room(.topic("cats")), at: moment)
        #expect(memory.topicLine == "topic: cats")
    }
}
