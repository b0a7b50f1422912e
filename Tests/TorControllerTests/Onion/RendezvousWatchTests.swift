import EventLoop
import Testing

@testable import TorController

private func seconds(_ time: Int) -> MonotonicTime { MonotonicTime(nanoseconds: UInt64(time) * 1_000_000_000) }

private final class Circuits {
    private(set) var watch = RendezvousWatch()

    func joined(_ circuit: String, at time: Int) -> [String] { watch.joined(circuit, now: seconds(time)) }
    func heard(_ circuit: String, at time: Int) { watch.heard(circuit, now: seconds(time)) }
    func closed(_ circuit: String) { watch.closed(circuit) }
    func timePassed(at time: Int) -> [String] { watch.timePassed(now: seconds(time)) }

    /// What is closed at which second, when time passes as it should.
    func closed(from start: Int, to end: Int) -> [Int: [String]] {
        var result: [Int: [String]] = [:]
        for time in start...end {
            let circuits = timePassed(at: time)
            if !circuits.isEmpty { result[time] = circuits }
        }
        return result
    }
}

@Suite struct RendezvousWatchTests {
    @Test("A circuit is closed when its peer has been silent for long, and once")
    func silent() {
        let circuits = Circuits()
        #expect(circuits.joined("1", at: 0).isEmpty)
        circuits.heard("1", at: 50)
        #expect(circuits.closed(from: 0, to: 1_000) == [260: ["1"]])
        #expect(circuits.watch.count == 0 && circuits.watch.nextDeadline == nil)
    }

    @Test("A tor that does not tell what it hears gives no reason to close anything")
    func uninformed() {
        let circuits = Circuits()
        _ = circuits.joined("1", at: 0)
        #expect(circuits.closed(from: 0, to: 1_000).isEmpty)
        for circuit in 0...RendezvousWatch.maximumCount {
            #expect(circuits.joined("c\(circuit)", at: 1_001).isEmpty)
        }
    }

    @Test("Past the limit whoever has been silent for longest gives way")
    func limit() {
        let circuits = Circuits()
        for circuit in 0..<RendezvousWatch.maximumCount {
            #expect(circuits.joined("\(circuit)", at: circuit / 100).isEmpty)
        }
        circuits.heard("0", at: 30)
        for circuit in 1..<100 { circuits.heard("\(circuit)", at: circuit == 42 ? 1 : 30) }
        for circuit in 100..<200 { circuits.heard("\(circuit)", at: 30) }
        #expect(circuits.joined("more", at: 31).count == 1)
        #expect(circuits.watch.count == RendezvousWatch.maximumCount)
        circuits.closed("5")
        #expect(circuits.joined("one", at: 31).isEmpty)
    }

    @Test("After a stop nobody is silent before tor's words have been read")
    func stopped() {
        let circuits = Circuits()
        _ = circuits.joined("1", at: 0)
        circuits.heard("1", at: 1)
        #expect(circuits.timePassed(at: 900).isEmpty)
        #expect(circuits.closed(from: 901, to: 1_090).isEmpty)
        #expect(circuits.closed(from: 1_091, to: 1_200) == [1_100: ["1"]])
    }
}
