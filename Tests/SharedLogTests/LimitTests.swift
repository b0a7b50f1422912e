import SharedLogModel
import TestSupport
import Testing

@testable import SharedLog

/// What hosts and the store can grow, at its limit and one past it.
struct LimitTests {
    private func written(_ writer: UInt64, _ number: UInt64, _ content: LogContent, at seen: LogPosition)
        -> WrittenEntry
    {
        WrittenEntry(
            writer: WriterID(host: writer, incarnation: 0), number: number, epochHead: .origin,
            seen: LogPlace(position: seen, head: .origin), time: 0, content: content)
    }

    @Test("So many hosts live, and so many that are gone are remembered")
    func writers() {
        var table = WriterTable()
        let position = LogPosition(epoch: 1, number: 1)
        for host in 1...UInt64(WriterTable.limit) {
            #expect(table.wrote(written(host, 1, .hello(instead: nil), at: .origin), at: position) != nil)
        }
        #expect(table.wrote(written(1_000, 1, .hello(instead: nil), at: .origin), at: position) == nil)
        #expect(table.living.count == WriterTable.limit)
        for gone in 2...UInt64(WriterTable.goneLimit) + 3 {
            let id = WriterID(host: gone, incarnation: 0)
            #expect(
                table.wrote(written(1, gone, .gone(id, after: 1), at: position), at: position) == .gone(id, after: 1))
            let next = UInt64(WriterTable.limit) + gone - 1
            _ = table.wrote(written(next, 1, .hello(instead: nil), at: .origin), at: position)
        }
        #expect(table[WriterID(host: 4, incarnation: 0)]?.standing == .gone)
        #expect(table[WriterID(host: 3, incarnation: 0)] == nil)
    }

    @Test("A table, a lineage and a state read as they were written")
    func coding() throws {
        let world = World(hosts: 3)
        for host in world.hosts {
            let snapshot = LogSnapshot(state: host.replica.state, room: [1, 2])
            let read = try LogSnapshot(bytes: snapshot.bytes[...])
            #expect(read == snapshot)
            for count in 0..<snapshot.bytes.count - 2 {
                #expect(throws: (any Error).self) { try LogSnapshot(bytes: snapshot.bytes[..<count]) }
            }
        }
    }

    @Test("The tail keeps so many entries and bytes")
    func tail() {
        func entry(_ number: Int, _ count: Int) -> LogTail.Entry {
            let position = LogPosition(epoch: 1, number: UInt64(number))
            return LogTail.Entry(
                place: LogPlace(position: position, head: .origin), bytes: [UInt8](repeating: 0, count: count))
        }
        var tail = LogTail()
        for number in 0..<LogTail.countLimit { tail.append(entry(number, 1)) }
        #expect(tail.all.count == LogTail.countLimit)
        #expect(tail.entries(after: LogPosition(epoch: 1, number: 0))?.count == LogTail.countLimit - 1)
        tail.append(entry(LogTail.countLimit, 1))
        #expect(tail.all.count == LogTail.countLimit)
        #expect(tail.entries(after: LogPosition(epoch: 1, number: 0)) == nil)
        for number in 1...9 { tail.append(entry(LogTail.countLimit + number, 1 << 20)) }
        #expect(tail.all.count == 8)
    }

    @Test("So many bytes wait to be written, and an input has so many")
    func outbox() throws {
        var replica = LogReplica(host: 1, creating: true)
        let input = [UInt8](repeating: 1, count: LogContent.inputLimit)
        for _ in 0..<LogReplica.outboxByteLimit / input.count {
            #expect(try replica.append(input, time: 0, coding: TableCoding()).isEmpty)
        }
        #expect(throws: ReplicaError.overloaded) { try replica.append([1], time: 0, coding: TableCoding()) }
        #expect(throws: ReplicaError.tooLarge) { try replica.append(input + [1], time: 0, coding: TableCoding()) }
        #expect(replica.waitingByteCount == LogReplica.outboxByteLimit)
    }

    @Test("So many epochs are remembered")
    func lineage() {
        var lineage = LogLineage()
        func place(_ epoch: Int) -> LogPlace {
            LogPlace(
                position: LogPosition(epoch: UInt64(epoch), number: 0), head: LogHead(high: UInt64(epoch), low: 0))
        }
        for epoch in 1...LogLineage.limit { lineage.opened(place(epoch)) }
        #expect(lineage.contains(place(1).position, epochHead: place(1).head))
        lineage.opened(place(LogLineage.limit + 1))
        #expect(!lineage.contains(place(1).position, epochHead: place(1).head))
        #expect(lineage.contains(place(2).position, epochHead: place(2).head))
        #expect(!lineage.contains(LogPosition(epoch: 2, number: 1), epochHead: place(2).head))
    }
}

struct ReplicaPaceTests {
    @Test("A lease passes for who waits, and not while the store does not answer")
    func leases() {
        var pace = ReplicaPace(now: .zero)
        var replica = LogReplica(host: 1, creating: true)
        _ = replica.connected()
        let blank = StoreStatus(token: StoreToken("t"), holding: nil, isBound: false, round: nil, reports: [:])
        _ = replica.received(.status(blank), coding: TableCoding())
        #expect(replica.isBusy)
        #expect(pace.passed(to: .seconds(1), replica: replica) == [])
        #expect(pace.passed(to: .seconds(3), replica: replica) == [.slept])
        #expect(pace.passed(to: .seconds(11), replica: replica).last == .timedOut)
    }

    @Test("Who says nothing while four beats come back is silent; a busy writer is not")
    func silence() throws {
        let world = World(hosts: 3)
        let replica = world.hosts[0].replica
        let silent = world.hosts[2].replica.writer
        var pace = ReplicaPace(now: .zero)
        func entry(_ writer: WriterID, _ content: LogContent) -> WrittenEntry {
            WrittenEntry(writer: writer, number: 9, epochHead: .origin, seen: .origin, time: 0, content: content)
        }
        for beat in 1...4 {
            pace.applied(entry(world.hosts[1].replica.writer, .input(1, [])), of: replica)
            #expect(!pace.passed(to: .milliseconds(beat), replica: replica).contains(.leasePassedOf(silent)))
            pace.applied(entry(replica.writer, .beat), of: replica)
        }
        pace.applied(entry(world.hosts[1].replica.writer, .beat), of: replica)
        #expect(pace.passed(to: .milliseconds(5), replica: replica) == [.leasePassedOf(silent)])
        #expect(pace.passed(to: .milliseconds(60), replica: replica) == [.polled])
        #expect(pace.passed(to: .milliseconds(800), replica: replica) == [.beatDue, .polled])
    }
}
