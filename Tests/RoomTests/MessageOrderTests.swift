import Testing

@testable import Room

/// The numbers of what a member hears.
@Suite struct MessageOrderTests {
    @Test("Each number counts once; what is left out is counted, and the last number there is none")
    func places() {
        var order = MessageOrder()
        order.enter(at: 5, epoch: 1, start: [1])
        #expect(order.take(4) == .repeated)
        #expect(order.take(5) == .next(missing: 0))
        order.add(5, digest: [1])
        #expect(order.take(5) == .repeated && order.take(.max) == .repeated)
        #expect(order.take(9) == .next(missing: 3) && order.expected == 10)
        #expect(order.take(.max - 1) == .next(missing: Int.max))
    }

    @Test("Who has heard the same has the same chain, and another one after something else or after a gap")
    func chains() {
        func value(_ heard: [UInt64], _ digest: UInt8 = 1) -> MessageChain.Value {
            var order = MessageOrder()
            order.enter(at: 5, epoch: 1, start: [1])
            for number in heard where order.take(number) != .repeated { order.add(number, digest: [digest]) }
            return order.chain.value
        }
        #expect(value([5, 6]) == value([5, 5, 6, 4]))
        #expect(value([5, 6]) != value([5, 6], 2) && value([5, 6]) != value([6]))
    }
}
