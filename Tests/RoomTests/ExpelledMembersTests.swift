import Chat
import Testing

@testable import Room

@Suite struct ExpelledMembersTests {
    private static let (ada, bob) = (MemberID(entropy: 1), MemberID(entropy: 2))

    private func both() -> ExpelledMembers {
        var expelled = ExpelledMembers()
        expelled.add(Self.ada, nick: "ada", since: .seconds(1))
        expelled.add(Self.bob, nick: "bob", since: .seconds(5))
        return expelled
    }

    @Test("All of them have to be out of the group")
    func out() {
        #expect(!ExpelledMembers().areOut(of: []))
        #expect(!both().areOut(of: [Self.ada]) && !both().areOut(of: [Self.bob]) && both().areOut(of: []))
    }

    @Test("A secret that was made while one was in the group is kept from the other only")
    func renewed() {
        var expelled = both()
        expelled.renewed(before: [Self.ada])
        #expect(expelled.entries.map(\.nick) == ["ada"])
    }

    @Test("Of each the person is told once, when its time has come")
    func told() {
        var expelled = both()
        #expect(expelled.nextDeadline == RoomLimits.spoiltInviteTime + .seconds(1))
        for (time, nicks) in [(0.0, []), (1, ["ada"]), (4, []), (5, ["bob"]), (40, [])] {
            let due = expelled.takeDue(at: RoomLimits.spoiltInviteTime + .seconds(1) * time)
            #expect(due.map(\.nick) == nicks, "at \(time)")
        }
        #expect(expelled.nextDeadline == nil && !expelled.isEmpty)
        let untold = expelled.giveUp()
        #expect(untold.isEmpty && expelled.isEmpty)
        var others = both()
        let all = others.giveUp()
        #expect(all.map(\.nick) == ["ada", "bob"])
    }
}
