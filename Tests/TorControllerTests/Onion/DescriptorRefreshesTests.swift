import EventLoop
import Testing
import TorController

@Suite struct DescriptorRefreshesTests {
    @Test("At most so many within the time in which tor asks no directory twice, and not in a row")
    func limit() {
        var refreshes = DescriptorRefreshes()
        let start = MonotonicTime(nanoseconds: 0)
        for number in 0..<DescriptorRefreshes.limit {
            let now = start + DescriptorRefreshes.leastPause * number
            let (isFirst, isSecond) = (
                refreshes.mayFetch(now: now),
                refreshes.mayFetch(now: now + DescriptorRefreshes.leastPause - .nanoseconds(1))
            )
            #expect(isFirst && !isSecond)
        }
        let later = [-1, 0, 1_000_000_000].map { refreshes.mayFetch(now: start + .seconds(900) + .nanoseconds($0)) }
        #expect(later == [false, true, false])
    }
}
