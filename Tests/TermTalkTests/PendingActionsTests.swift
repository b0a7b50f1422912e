import Room
import Testing

@testable import TermTalk

@Suite struct PendingActionsTests {
    private func links(_ actions: [RoomAction]) -> [Int] {
        actions.compactMap { if case .release(let link) = $0 { link.slot } else { nil } }
    }

    private func releases(_ slots: ClosedRange<Int>) -> [RoomAction] { slots.map { .release(LinkID(slot: $0)) } }

    @Test("What is wanted meanwhile comes behind all that was wanted before, and by whoever began")
    func order() {
        var pending = PendingActions()
        var done: [RoomAction] = []
        var begun = [pending.add(releases(1...2))]
        while let action = pending.next() {
            done.append(action)
            if done.count == 1 { begun.append(pending.add(releases(3...4))) }
            if done.count == 3 { begun.append(pending.add([])) }
        }
        #expect(links(done) == [1, 2, 3, 4])
        begun.append(pending.add([]))
        let nothing = pending.next()
        #expect(nothing == nil)
        begun.append(pending.add(releases(5...5)))
        #expect(begun == [true, false, false, true, true])
        let last = pending.next()
        #expect(links(last.map { [$0] } ?? []) == [5])
    }

    @Test("What is forgotten is not done, and what comes afterwards is")
    func forgetting() {
        var pending = PendingActions()
        var done: [RoomAction] = []
        var begun = [pending.add(releases(1...3))]
        while let action = pending.next() {
            done.append(action)
            guard done.count == 1 else { continue }
            pending.forget()
            begun.append(pending.add(releases(4...4)))
        }
        #expect(links(done) == [1, 4])
        pending.forget()
        begun.append(pending.add(releases(5...5)))
        #expect(begun == [true, false, true])
    }
}
