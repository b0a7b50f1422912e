import Chat
import Room
import Testing

@testable import TermTalkCommand

@Suite struct FileErrandTests {
    private static let members = (0..<4).map { MemberID(entropy: UInt32($0 + 1)) }

    private static func file(_ number: Int, to receiver: MemberID? = nil) -> FileNews.File {
        .init(
            number: number, id: "", from: members[0], nick: "me", name: "x", remark: nil, size: 9, to: receiver,
            isOwn: true)
    }

    private static func joined() -> ChatEvent {
        .joinedRoom(
            .init(
                room: "r", transport: .direct, address: "", member: members[0], members: [], hostKey: "",
                trust: .invite,
                expires: nil))
    }

    private static func begun(_ number: Int, _ member: Int) -> ChatEvent {
        .file(
            .progress(file(number), .init(bytes: 0, rate: 0, member: members[member], isMilestone: false)))
    }

    private static func done(_ number: Int, _ member: Int) -> ChatEvent {
        .file(.done(file(number), path: nil, member: members[member]))
    }

    private func errand(_ paths: [String] = ["a", "b"], to: String? = nil, receivers: Int = 1) -> FileErrand {
        var errand = FileErrand(paths: paths, to: to, receivers: receivers)
        #expect(errand.heard(Self.joined()) == paths.map { .file(.send(path: $0, to: to)) })
        for number in 1...paths.count { #expect(errand.heard(.file(.offered(Self.file(number)))) == []) }
        return errand
    }

    @Test("It leaves when so many have all files, and nobody is in the middle of one")
    func waits() {
        var errand = errand(receivers: 2)
        #expect(errand.heard(Self.begun(1, 3)) == [])
        for member in [1, 2] {
            for number in [1, 2] { #expect(errand.heard(Self.done(number, member)) == []) }
        }
        #expect(errand.failure(.lost) != nil)
        #expect(errand.heard(Self.done(1, 3)) == [.leave])
        #expect(errand.failure(.quit) == nil)
    }

    @Test("Who leaves is not waited for, and who comes is offered the files")
    func comings() {
        var errand = errand()
        #expect(
            errand.heard(.memberJoined(id: Self.members[1], nick: "", count: 3))
                == [.file(.sendAgain(1, to: Self.members[1])), .file(.sendAgain(2, to: Self.members[1]))])
        _ = errand.heard(Self.begun(1, 2))
        for number in [1, 2] { #expect(errand.heard(Self.done(number, 1)) == []) }
        #expect(errand.heard(.memberLeft(id: Self.members[2], nick: "", reason: .lost, count: 2)) == [.leave])
    }

    @Test(
        "Where the one who is to have them leaves nobody can take them any more; another one that leaves changes nothing"
    )
    func receiverLeaves() {
        let gone = Self.members[1]
        for hasAll in [false, true] {
            var errand = FileErrand(paths: ["a"], to: "bob", receivers: 1)
            _ = errand.heard(Self.joined())
            _ = errand.heard(.file(.offered(Self.file(1, to: gone))))
            #expect(errand.heard(.memberLeft(id: Self.members[2], nick: "carol", reason: .quit, count: 3)) == [])
            if hasAll { #expect(errand.heard(Self.done(1, 1)) == [.leave]) }
            let steps = errand.heard(.memberLeft(id: gone, nick: "bob", reason: .kicked, count: 2))
            if hasAll {
                #expect(steps == [])
            } else if case .fail(let notice)? = steps.first {
                #expect(notice.code == .nobodyHere && notice.message.contains("bob has left"))
            } else {
                Issue.record("it goes on waiting")
            }
        }
    }

    @Test("Who is away for a moment is waited for, and not for longer; who is back is waited for again")
    func away() {
        var errand = errand(["a"])
        let gone = Self.members[1]
        _ = errand.heard(Self.begun(1, 1))
        #expect(errand.heard(.memberAway(id: gone, nick: "", since: 0)) == [.wait(FileErrand.patience, 1)])
        #expect(errand.heard(Self.done(1, 2)) == [])
        #expect(errand.heard(.memberBack(id: gone, nick: "", since: 0)) == [])
        #expect(errand.waited(1) == [])
        #expect(errand.heard(.memberAway(id: gone, nick: "", since: 9)) == [.wait(FileErrand.patience, 2)])
        // The one that was waited for before says nothing of this one.
        #expect(errand.waited(1) == [])
        #expect(errand.waited(2) == [.leave])
        // Nobody has it: nobody is given up for.
        var nobody = self.errand(["a"])
        _ = nobody.heard(Self.begun(1, 1))
        _ = nobody.heard(.memberAway(id: gone, nick: "", since: 0))
        #expect(nobody.waited(1) == [])
        #expect(nobody.heard(Self.done(1, 2)) == [.leave])
    }

    @Test("What cannot be offered, or is refused by the only receiver, is a failure; by one of many it is not")
    func failures() {
        let notice = ChatEvent.Notice(.fileDeclined, "no")
        var one = errand(to: "bob")
        #expect(one.heard(.file(.failed(Self.file(1), notice, bytes: 0, member: Self.members[1]))) == [.fail(notice)])
        var all = errand()
        #expect(all.heard(.file(.failed(Self.file(1), notice, bytes: 0, member: Self.members[1]))) == [])
        #expect(all.heard(.error(notice)) == [.fail(notice)])
        #expect(all.heard(.file(.failed(Self.file(1), notice, bytes: 0, member: nil))) == [.fail(notice)])
    }
}
