import Chat
import Testing

@testable import Room

/// What a member has said, until the host has confirmed it.
@Suite struct OutboxTests {
    private func said(_ number: UInt64, to receiver: MemberID? = nil) -> Outbox.Message {
        .init(id: MessageID(number), to: receiver, content: .said(.init(kind: .text, text: "x")))
    }

    private func check(_ number: UInt64) -> Outbox.Message {
        let commitment = [UInt8](repeating: 1, count: 32)
        return .init(id: MessageID(number), to: MemberID(entropy: 1), content: .check(.begin(commitment)))
    }

    /// All that may be on its way goes out.
    private func send(_ outbox: inout Outbox) -> [MessageID] {
        var ids: [MessageID] = []
        while let next = outbox.next, let index = outbox.takeNext() {
            outbox.send(index, sealed: [UInt8(truncatingIfNeeded: next.id.value)], in: 1)
            ids.append(next.id)
        }
        return ids
    }

    @Test("What is said goes out once and in order, and again after a break, until it is confirmed")
    func order() {
        var outbox = Outbox()
        for number: UInt64 in 1...3 { outbox.append(said(number)) }
        #expect(outbox.isIdle && !outbox.hasSent(MessageID(1)))
        #expect(send(&outbox) == [1, 2, 3].map { MessageID($0) })
        #expect(send(&outbox).isEmpty && !outbox.isIdle && outbox.hasSent(MessageID(1)))
        #expect(outbox.confirm(MessageID(1))?.id == MessageID(1) && outbox.confirm(MessageID(1)) == nil)
        outbox.rewind()
        #expect(send(&outbox) == [2, 3].map { MessageID($0) })
        #expect(outbox.takeOut(MessageID(3))?.id == MessageID(3))
        #expect(outbox.count == 1 && outbox.hasSent(MessageID(3)))
    }

    @Test("What was sealed anew comes back in any of its latest forms: the host may have taken an earlier one")
    func forms() {
        var outbox = Outbox()
        outbox.append(said(1))
        for form in 1...Outbox.formsRemembered + 1 {
            #expect(outbox.takeNext() == 0)
            outbox.send(0, sealed: [UInt8(form)], in: 1)
            outbox.rewind()
        }
        for form in 1...Outbox.formsRemembered + 2 {
            let isOurs = outbox.message(MessageID(1), to: nil, sealed: [UInt8(form)]) != nil
            #expect(isOurs == (2...Outbox.formsRemembered + 1).contains(form), "form \(form)")
        }
    }

    @Test("What was said to one alone is remembered, however much was said to all since: its receipt may come late")
    func privateReceipts() {
        var outbox = Outbox()
        func say(_ message: Outbox.Message) {
            outbox.append(message)
            #expect(outbox.takeNext() == 0)
            outbox.send(0, sealed: [1], in: 1)
            _ = outbox.confirm(message.id)
        }
        say(said(1, to: MemberID(entropy: 1)))
        for number in 2...UInt64(Outbox.sentIDsRemembered) + 2 { say(said(number)) }
        #expect(outbox.hasSent(MessageID(1)) && !outbox.hasSent(MessageID(2)))
        for number in 1...UInt64(Outbox.sentIDsRemembered) {
            say(said(1_000_000 + number, to: MemberID(entropy: 1)))
        }
        #expect(!outbox.hasSent(MessageID(1)) && outbox.hasSent(MessageID(3)))
    }

    @Test("What comes back is ours only as it was sent")
    func ownMessages() {
        var outbox = Outbox()
        outbox.append(said(1))
        #expect(outbox.message(MessageID(1), to: nil, sealed: [1]) == nil)
        _ = send(&outbox)
        #expect(outbox.message(MessageID(1), to: nil, sealed: [1]) != nil)
        #expect(outbox.message(MessageID(1), to: nil, sealed: [2]) == nil)
        #expect(outbox.message(MessageID(1), to: MemberID(entropy: 1), sealed: [1]) == nil)
        #expect(outbox.message(MessageID(2), to: nil, sealed: [1]) == nil)
    }

    @Test("What is held back is on its way no more, and neither is what came behind it")
    func holdingBack() {
        var outbox = Outbox()
        for number: UInt64 in 1...2 { outbox.append(said(number)) }
        _ = send(&outbox)
        #expect(outbox.holdBack(MessageID(1)) && outbox.isIdle)
        #expect(!outbox.holdBack(MessageID(2)) && !outbox.holdBack(MessageID(3)))
        #expect(outbox.next?.id == MessageID(1))
    }

    @Test("Of checks nobody hears that they have arrived; what a moderator asks for counts until it is answered")
    func unseenAndRequests() {
        var outbox = Outbox()
        outbox.append(said(1))
        outbox.append(check(2))
        outbox.append(MessageID(3), .lock(true))
        _ = send(&outbox)
        #expect(outbox.count == 3 && outbox.hasSent(MessageID(3)))
        for number: UInt64 in 1...2 { _ = outbox.confirm(MessageID(number)) }
        #expect(outbox.isSeen(MessageID(1)) && !outbox.isSeen(MessageID(2)))
        outbox.answered(MessageID(3))
        #expect(outbox.count == 0 && outbox.requests.isEmpty)
    }

    @Test("After a return a message at a time goes out first, and more with each that is confirmed")
    func window() {
        var outbox = Outbox()
        let long = String(repeating: "x", count: 3_000)
        for number: UInt64 in 1...4 {
            outbox.append(.init(id: MessageID(number), to: nil, content: .said(.init(kind: .text, text: long))))
        }
        outbox.begin(isReturn: true)
        #expect(send(&outbox) == [MessageID(1)])
        _ = outbox.confirm(MessageID(1))
        #expect(send(&outbox) == [2, 3].map { MessageID($0) })
    }
}
