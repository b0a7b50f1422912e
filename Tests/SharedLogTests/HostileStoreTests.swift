import SharedLog
import SharedLogModel
import Sodium
import TestSupport
import Testing

/// A store that shows one host another log than the others: it can make no entries, only leave out, repeat, swap, and spoil them.
struct HostileStoreTests {
    enum Lie: CaseIterable {
        case drops, swaps, repeats, spoils, invents
    }

    /// One host that a store lies to.
    private struct Victim {
        var replica = LogReplica(host: 9, creating: false)
        /// How many entries it has applied.
        var count = 0
        var hasEnded = false

        mutating func hear(_ reply: StoreReply, _ seal: borrowing LogSeal) -> [ReplicaOutput] {
            let outputs = replica.received(reply, coding: seal)
            if outputs.contains(.tampered) { hasEnded = true }
            return outputs
        }
    }

    @Test("Each lie is noticed", arguments: Lie.allCases)
    func lies(lie: Lie) throws {
        var random = SeededRandom(seed: 5)
        let key = random.bytes(LogSeal.keyByteCount)
        let seal = LogSeal(key: SecretBytes(copying: key.span))
        for _ in 0..<60 {
            let log = try honestLog(seal, entries: 40)
            let at = 12 + random.below(12)
            var told = log
            switch lie {
            case .drops:
                // What follows moves up, or there would be a hole.
                told.remove(at: at)
                told = told.enumerated().map { StoredEntry(position: log[$0.offset].position, bytes: $0.element.bytes) }
            case .swaps:
                told[at] = StoredEntry(position: log[at].position, bytes: log[at + 1].bytes)
                told[at + 1] = StoredEntry(position: log[at + 1].position, bytes: log[at].bytes)
            case .repeats:
                told.insert(log[at], at: at)
                told = told.prefix(log.count).enumerated().map {
                    StoredEntry(position: log[$0.offset].position, bytes: $0.element.bytes)
                }
            case .spoils:
                var bytes = log[at].bytes
                bytes[random.below(bytes.count)] ^= UInt8(1 << random.below(8))
                told[at] = StoredEntry(position: log[at].position, bytes: bytes)
            case .invents:
                told[at] = StoredEntry(position: log[at].position, bytes: random.bytes(log[at].bytes.count))
            }
            let noticed = try entriesUntilNoticed(told, seal, from: at)
            // Each writer has seen what the other wrote last.
            #expect(noticed <= 3, "\(lie) at \(at): \(noticed)")
        }
    }

    @Test("An honest log is believed")
    func honest() throws {
        let key = [UInt8](repeating: 7, count: LogSeal.keyByteCount)
        let seal = LogSeal(key: SecretBytes(copying: key.span))
        let log = try honestLog(seal, entries: 40)
        #expect(try entriesUntilNoticed(log, seal, from: 0) == log.count)
    }

    /// Two writers that have seen each other's last entry.
    private func honestLog(_ seal: borrowing LogSeal, entries count: Int) throws -> [StoredEntry] {
        var store = MadeUpRedis(token: 1)
        var hosts = [LogReplica(host: 1, creating: true), LogReplica(host: 2, creating: false)]
        for index in hosts.indices { talk(hosts[index].connected(), &hosts[index], &store, seal) }
        for step in 0..<count {
            let index = step % 2
            talk(try hosts[index].append([UInt8(step)], time: 0, coding: seal), &hosts[index], &store, seal)
            talk(hosts[1 - index].polled(coding: seal), &hosts[1 - index], &store, seal)
        }
        #expect(store.log.count > count)
        return store.log
    }

    private func talk(
        _ outputs: [ReplicaOutput], _ host: inout LogReplica, _ store: inout MadeUpRedis, _ seal: borrowing LogSeal
    ) {
        var waiting = outputs
        while let command = waiting.compactMap({ if case .send(let command) = $0 { command } else { nil } }).first {
            waiting = host.received(store.execute(command), coding: seal)
        }
    }

    /// How many entries from that one on a host believes in.
    private func entriesUntilNoticed(
        _ log: [StoredEntry], _ seal: borrowing LogSeal, from start: Int
    ) throws -> Int {
        var victim = Victim()
        let last = try #require(log.last).position
        let holding = StoreHolding(last: last, epochHead: seal.head(after: .origin, log[0].position, log[0].bytes))
        let status = StoreStatus(token: StoreToken("1"), holding: holding, isBound: true, round: nil, reports: [:])
        _ = victim.replica.connected()
        _ = victim.hear(.status(status), seal)
        _ = victim.hear(.snapshot(nil), seal)
        for (index, entry) in log.enumerated() {
            let outputs = victim.hear(.entries([entry], last: last), seal)
            // It asks for a snapshot: what came does not follow.
            if victim.hasEnded || outputs.contains(.send(.load)) { return index - start }
        }
        return log.count - start
    }
}
