import Foundation
import SharedLog
import SharedLogModel
import TestSupport
import Testing

/// The scripts in a real Redis do what the made-up one does, which the protocol was proven with.
@Suite(.enabled(if: RedisServer.program != nil, "needs redis-server(1), 7.0 or later"))
struct StoreConformanceTests {
    @Test("The same commands, the same answers", arguments: 0..<4)
    func sameAnswers(seed: UInt64) throws {
        // While it syncs each second it holds writes back, which a kill loses.
        let server = try RedisServer(["--appendfsync", "always"])
        var random = SeededRandom(seed: seed)
        var real = try RealStore(server)
        var token = try real.token()
        var madeUp = MadeUpRedis(token: 0).inLife(token)
        var counts: [String: Int] = [:]
        for step in 0..<600 {
            if random.below(60) == 0 {
                _ = try BlockingRedis(path: server.socketPath)?.ask(["FLUSHALL"])
                madeUp.flush()
            } else if random.below(150) == 0 {
                server.kill()
                try server.start()
                real = try RealStore(server)
                token = try real.token()
                madeUp = madeUp.inLife(token)
            }
            let command = Self.command(for: madeUp, token, &random)
            let expected = madeUp.execute(command)
            let reply = try real.ask(command)
            #expect(reply == expected, "step \(step): \(command)")
            guard reply == expected else { return }
            counts["\(command)".prefix { $0 != "(" } + " \("\(reply)".prefix { $0 != "(" })", default: 0] += 1
        }
        // Each was asked for, taken and refused.
        for kind in ["append entries", "append refused", "open done", "open refused", "keep done", "report status"] {
            #expect(counts[kind, default: 0] > 3, "\(kind): \(counts)")
        }
    }

    /// A command that mostly fits.
    private static func command(
        for store: MadeUpRedis, _ token: StoreToken, _ random: inout SeededRandom
    ) -> StoreCommand {
        func head() -> LogHead { LogHead(high: random.next(), low: random.next() >> UInt64(random.below(64))) }
        let fits = random.below(8) > 0
        let token = fits ? token : StoreToken("a:b")
        let last = store.holding?.last ?? .origin
        let after = LogPosition(epoch: last.epoch, number: last.number - min(last.number, UInt64(random.below(6))))
        let epochHead = store.bound.map { random.below(9) > 0 ? $0.epochHead : head() } ?? head()
        let writer = WriterID(host: random.next(), incarnation: UInt32(random.below(3)))
        switch random.below(9) {
        case 0: return .status
        case 1: return .read(after: after, limit: 1 + random.below(5))
        case 2: return .load
        case 3:
            return .keep(
                token: token, epochHead: epochHead, position: after, snapshot: random.bytes(random.below(200)),
                trimming: random.below(2) == 0 ? after : nil)
        case 4, 5:
            let name = store.round ?? OpeningRound(writer: writer, count: 7)
            return .report(
                token: token, holding: fits ? store.holding : nil, random.below(3) == 0 ? .naming(name) : .within(name),
                writer: writer, HostReport(place: LogPlace(position: last, head: head()), count: 3))
        case 6:
            let position = LogPosition(epoch: last.epoch + 1, number: 0)
            let base: EpochRequest.Base =
                switch random.below(3) {
                case 0 where store.holding == nil: .creating
                case 1 where store.holding != nil:
                    .restoring([
                        StoredEntry(
                            position: LogPosition(epoch: last.epoch, number: last.number + 1), bytes: [1, 13, 10])
                    ])
                default: .replacing(snapshot: random.bytes(40), last)
                }
            return .open(
                EpochRequest(
                    token: token, holding: store.holding, round: random.below(9) > 0 ? store.round : nil, base: base,
                    opening: StoredEntry(position: position, bytes: random.bytes(30)), epochHead: head()))
        default:
            return .append(
                token: token, epochHead: epochHead,
                entries: (0..<random.below(4)).map { _ in random.bytes(random.below(90)) },
                after: after, limit: 3)
        }
    }
}

/// A real Redis that is asked and waited for.
private struct RealStore {
    /// What docs/shared-log.md says is enough.
    private static let user = [
        "termtalk", "on", ">secret", "~termtalk:*", "-@all", "+auth", "+info", "+evalsha", "+script|load", "+hget",
        "+hset", "+hgetall", "+del", "+exists", "+xadd", "+xrange", "+xinfo|stream", "+xtrim", "+rename",
    ]

    private let connection: BlockingRedis
    private var session: RedisSession
    private var isReady = false

    init(_ server: RedisServer) throws {
        for _ in 0..<6_000 {
            // It listens before it has loaded.
            if let store = Self(path: server.socketPath), store.isReady {
                self = store
                return
            }
            usleep(10_000)
        }
        throw CocoaError(.fileReadUnknown)
    }

    private init?(path: String) {
        guard let connection = BlockingRedis(path: path),
            case .text? = try? BlockingRedis(path: path)?.ask(["ACL", "SETUSER"] + Self.user)
        else { return nil }
        self.connection = connection
        let (session, bytes) = RedisSession.begin(
            room: "conformance", user: "termtalk", password: Array("secret".utf8))
        self.session = session
        connection.write(bytes)
        isReady = (try? next()) == .ready
    }

    mutating func token() throws -> StoreToken {
        // As long as it loads, it fails.
        while true {
            if case .status(let status) = try ask(.status) { return status.token }
        }
    }

    mutating func ask(_ command: StoreCommand) throws -> StoreReply {
        connection.write(session.send(command))
        guard case .reply(let reply)? = try next() else { throw CocoaError(.fileReadUnknown) }
        return reply
    }

    private mutating func next() throws -> RedisSession.Event? {
        for _ in 0..<6_000 {
            let bytes = try #require(connection.read())
            if let event = try session.received(bytes).first { return event }
            connection.wait(milliseconds: 10)
        }
        return nil
    }
}
