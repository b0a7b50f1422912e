import Foundation
import SharedLog
import TestSupport
import Testing

/// A host at a real Redis: a replica, its time, and a connection.
final class RedisHost {
    struct Told: Hashable {
        let position: LogPosition
        let input: UInt64
    }

    private(set) var replica: LogReplica
    private var pace: ReplicaPace
    private let seal: LogSeal
    private var path: String
    private var connection: BlockingRedis?
    private var session: RedisSession?
    private var triedAt = Duration.seconds(-1)
    private let clock: HurriedClock
    /// Since when Redis owes an answer.
    private var askedAt: Duration?
    /// The room as it is to this host.
    private(set) var room: [Told] = []
    private(set) var said: [UInt64] = []
    private(set) var storeLostCount = 0
    private(set) var snapshots = 0
    /// It was stopped since it was last in step.
    var hasSlept = false
    /// What it writes may go to a Redis that has no part in the room any more.
    var isAtLostStore = false
    private(set) var problem: String?

    init(number: UInt64, creating: Bool, seal: consuming LogSeal, path: String, clock: HurriedClock) {
        replica = LogReplica(host: number, creating: creating)
        pace = ReplicaPace(now: clock.now)
        self.clock = clock
        self.seal = seal
        self.path = path
    }

    /// Whether a Redis that runs would have answered by now.
    var isOwedAnswer: Bool { askedAt.map { clock.now - $0 > HurriedClock.patience } ?? false }

    var isInStep: Bool { replica.isFollowing && replica.isConfirmed && replica.hasWrittenAll }

    func say(_ input: UInt64) {
        said.append(input)
        let bytes = (0..<8).map { UInt8(truncatingIfNeeded: input >> (8 * UInt64($0))) }
        guard let outputs = try? replica.append(bytes, time: 0, coding: seal) else { return problem = "overloaded" }
        carryOut(outputs)
    }

    func keepSnapshot() {
        guard replica.isFollowing else { return }
        snapshots += 1
        carryOut(replica.snapshotTaken(roomBytes, trimming: room.dropLast(20).last?.position, coding: seal))
    }

    /// Another Redis has taken the place.
    func move(to path: String) {
        self.path = path
        drop()
    }

    func drop() {
        connection = nil
        session = nil
        askedAt = nil
        replica.disconnected()
    }

    /// Does what there is to do now.
    func turn() {
        let now = clock.now
        receive(now)
        for event in pace.passed(to: now, replica: replica) {
            switch event {
            case .polled: carryOut(replica.polled(coding: seal))
            case .beatDue: carryOut(replica.beatDue(time: 0, coding: seal))
            case .slept: replica.slept()
            case .leasePassed: carryOut(replica.leasePassed(coding: seal))
            case .leasePassedOf(let writer): carryOut(replica.leasePassed(of: writer, time: 0, coding: seal))
            case .timedOut: drop()
            }
        }
    }

    private func receive(_ now: Duration) {
        guard let connection else {
            guard now - triedAt > .milliseconds(300) else { return }
            triedAt = now
            guard let connection = BlockingRedis(path: path) else { return }
            self.connection = connection
            let (session, bytes) = RedisSession.begin(room: "test", user: nil, password: nil)
            self.session = session
            connection.write(bytes)
            askedAt = now
            return
        }
        guard let bytes = connection.read() else { return drop() }
        guard !bytes.isEmpty else { return }
        do {
            for event in try session?.received(bytes) ?? [] {
                guard self.connection === connection else { return }
                askedAt = nil
                switch event {
                case .ready: carryOut(replica.connected())
                case .reply(let reply):
                    pace.answered(now: now)
                    carryOut(replica.received(reply, coding: seal))
                }
            }
        } catch {
            // It loads, or is about to end.
            drop()
        }
    }

    private func carryOut(_ outputs: [ReplicaOutput]) {
        for output in outputs {
            switch output {
            case .send(let command):
                guard let bytes = session?.send(command) else { break }
                connection?.write(bytes)
                askedAt = clock.now
            case .reconnect:
                drop()
            case .adopted(let bytes):
                room = bytes.map(Self.room(reading:)) ?? []
            case .applied(let entry, let position):
                pace.applied(entry, of: replica)
                guard case .input(_, let bytes) = entry.content else { break }
                let input = bytes.reversed().reduce(0) { $0 << 8 | UInt64($1) }
                if room.contains(where: { $0.input == input }) { problem = "\(input) was repeated" }
                room.append(Told(position: position, input: input))
            case .storeLost:
                storeLostCount += 1
                if !hasSlept && !isAtLostStore {
                    problem = "host \(replica.writer.host) lost what it need not have lost"
                }
            case .snapshotNeeded:
                carryOut(replica.snapshotTaken(roomBytes, trimming: nil, coding: seal))
            case .tampered:
                problem = "host \(replica.writer.host) distrusts an honest store"
            }
        }
    }

    private var roomBytes: [UInt8] {
        room.flatMap { told in
            [told.position.epoch, told.position.number, told.input].flatMap { value in
                (0..<8).map { UInt8(truncatingIfNeeded: value >> (8 * UInt64($0))) }
            }
        }
    }

    private static func room(reading bytes: [UInt8]) -> [Told] {
        let values = stride(from: 0, to: bytes.count, by: 8).map { start in
            bytes[start..<start + 8].reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        }
        return stride(from: 0, to: values.count, by: 3).map {
            Told(position: LogPosition(epoch: values[$0], number: values[$0 + 1]), input: values[$0 + 2])
        }
    }
}
