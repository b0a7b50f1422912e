import EventLoop
import SharedLog
import Sodium
import TestSupport
import Testing

@testable import TermTalk

/// Replicas on one loop at a real redis-server.
@Suite(.enabled(if: RedisServer.program != nil, "needs redis-server(1), 7.0 or later"), .serialized)
struct ReplicaNodeTests {
    /// A host whose room is what it was told, in order.
    private final class Host {
        private var ownNode: ReplicaNode?
        var node: ReplicaNode {
            guard let ownNode else { preconditionFailure("it is made first") }
            return ownNode
        }
        private(set) var inputs: [[UInt8]] = []
        private(set) var gone: [WriterID] = []
        private(set) var reasons: [ReplicaNode.Outage] = []
        var failures: Int { reasons.count }
        private(set) var returns = 0
        private(set) var problems: [String] = []
        var onEvent: (() -> Void)?

        init(_ number: UInt64, creating: Bool, loop: EventLoop, location: RedisLocation, key: [UInt8]) {
            ownNode = ReplicaNode(
                loop: loop, location: location, password: nil, name: "test",
                seal: LogSeal(key: SecretBytes(copying: key.span)), host: number, creating: creating,
                time: { 0 }
            ) { [weak self] event in self?.heard(event) }
            node.start()
        }

        private func heard(_ event: ReplicaNode.Event) {
            switch event {
            case .adopted(let room):
                inputs = room.map { bytes in bytes.split(separator: 0).map(Array.init) } ?? []
            case .applied(let entry, _):
                if case .input(_, let bytes) = entry.content { inputs.append(bytes) }
                if case .gone(let writer, _) = entry.content { gone.append(writer) }
            case .snapshotNeeded:
                node.keep(Array(inputs.joined(separator: [0])), trimming: nil)
            case .storeLost: problems.append("store lost")
            case .tampered: problems.append("tampered")
            case .unavailable(let outage): reasons.append(outage)
            case .available: returns += 1
            }
            onEvent?()
        }

        func say(_ text: String) {
            do { try node.append(Array(text.utf8), time: 0) } catch { problems.append("\(error)") }
        }
    }

    @Test("Two hosts have one order, also over a restart of Redis; who dies is declared gone")
    func order() throws {
        let server = try RedisServer(onPort: true)
        try server.ask("PING")
        let location = try RedisLocation(parsing: "redis://127.0.0.1:\(server.port ?? 0)")
        let key = SeededRandom.key
        var hosts: [Host] = []
        try withStoreLoop { loop in
            hosts = (1...2).map { number in
                Host(number, creating: number == 1, loop: loop, location: location, key: key)
            }
            var step = 0
            func look() {
                loop.schedule(after: .milliseconds(20), look)
                switch step {
                case 0 where hosts.allSatisfy { $0.node.replica.isConfirmed && $0.node.replica.isFollowing }:
                    for number in 0..<20 { hosts[number % 2].say("before \(number)") }
                    step = 1
                case 1 where hosts.allSatisfy { $0.inputs.count == 20 }:
                    server.kill()
                    for number in 0..<20 { hosts[number % 2].say("meanwhile \(number)") }
                    step = 2
                case 2 where hosts.allSatisfy { $0.failures == 1 }:
                    do { try server.start() } catch { Issue.record(error) }
                    step = 3
                case 3 where hosts.allSatisfy { $0.inputs.count == 40 && $0.returns == 1 }:
                    hosts[1].node.stop()
                    step = 4
                case 4 where !hosts[0].gone.isEmpty:
                    hosts[0].node.stop()
                    loop.stop()
                default: break
                }
            }
            look()
        }
        #expect(hosts[0].inputs == hosts[1].inputs)
        #expect(Set(hosts[0].inputs).count == 40)
        #expect(hosts[0].gone == [WriterID(host: 2, incarnation: 0)])
        #expect(hosts.flatMap(\.problems).isEmpty)
    }

    @Test("A store that takes a connection and says nothing is given up after a while, and tried again")
    func silent() throws {
        var streams: [SocketStream] = []
        var failures: [ReplicaNode.Outage] = []
        try withStoreLoop { loop in
            let listener = try SocketListener(.ip("127.0.0.1", port: 0), loop: loop) { streams.append($0) }
            let location = try RedisLocation(parsing: "redis://127.0.0.1:\(listener.localAddress.port ?? 0)")
            let host = Host(1, creating: true, loop: loop, location: location, key: SeededRandom.key)
            func look() {
                guard streams.count == 2 else {
                    loop.schedule(after: .milliseconds(20), look)
                    return
                }
                failures = host.reasons
                host.node.stop()
                listener.close()
                loop.stop()
            }
            look()
        }
        #expect(failures == [.redis(.timedOut)])
        for stream in streams { stream.close() }
    }

    @Test("A Redis that loads what it had is waited for, and one that does not permit to append; both are told")
    func unable() throws {
        let server = try RedisServer(["--key-load-delay", "2000"], onPort: true)
        try server.ask("PING")
        let location = try RedisLocation(parsing: "redis://127.0.0.1:\(server.port ?? 0)")
        let key = SeededRandom.key
        var hosts: [Host] = []
        try withStoreLoop { loop in
            hosts = [Host(1, creating: true, loop: loop, location: location, key: key)]
            var step = 0
            func look() throws {
                switch step {
                case 0 where hosts[0].node.replica.isFollowing:
                    hosts[0].say("before")
                    step = 1
                case 1 where hosts[0].inputs.count == 1:
                    try server.ask("ACL SETUSER default -xadd")
                    hosts[0].say("not permitted")
                    step = 2
                case 2 where hosts[0].failures == 1:
                    try server.ask("ACL SETUSER default +@all")
                    step = 3
                case 3 where hosts[0].inputs.count == 2 && hosts[0].returns == 1:
                    // Some seconds of loading.
                    _ = try BlockingRedis(path: server.socketPath)?.ask([
                        "EVAL", "for i = 1, 3000 do redis.call('SET', 'junk' .. i, 'x') end", "0",
                    ])
                    server.kill()
                    try server.start()
                    step = 4
                case 4:
                    guard case .error(let text)? = try BlockingRedis(path: server.socketPath)?.ask(["GET", "x"]) else {
                        break
                    }
                    #expect(text.starts(with: Array("LOADING".utf8)))
                    hosts.append(Host(2, creating: false, loop: loop, location: location, key: key))
                    step = 5
                case 5 where hosts.count == 2 && hosts.allSatisfy { $0.node.isReady && $0.inputs.count == 2 }:
                    hosts[1].say("after")
                    step = 6
                case 6 where hosts.allSatisfy { $0.inputs.count == 3 }:
                    for host in hosts { host.node.stop() }
                    loop.stop()
                default: break
                }
            }
            func lookAgain() {
                loop.schedule(after: .milliseconds(20), lookAgain)
                do { try look() } catch {
                    Issue.record(error)
                    loop.stop()
                }
            }
            lookAgain()
        }
        #expect(hosts.count == 2 && hosts.allSatisfy { $0.inputs == hosts[0].inputs })
        #expect(hosts.first?.reasons.first == .redis(.unable) && hosts.last?.reasons == [.redis(.unable)])
        #expect(hosts.flatMap(\.problems).isEmpty)
    }

    @Test("Where somebody has written into the log far ahead, it is tried again with pauses, and told")
    func farAhead() throws {
        let server = try RedisServer(onPort: true)
        try server.ask("PING")
        let location = try RedisLocation(parsing: "redis://127.0.0.1:\(server.port ?? 0)")
        let key = SeededRandom.key
        let watched = Duration.seconds(3)
        var commands = 0
        var reasons: [ReplicaNode.Outage] = []
        var host: Host?
        try withStoreLoop { loop in
            let made = Host(1, creating: true, loop: loop, location: location, key: key)
            host = made
            var step = 0
            func look() throws {
                switch step {
                case 0 where made.node.isReady:
                    made.say("before")
                    step = 1
                case 1 where made.inputs.count == 1 && made.node.replica.hasWrittenAll:
                    made.node.keep(Array("before".utf8), trimming: nil)
                    made.say("behind the snapshot")
                    step = 2
                case 2 where made.inputs.count == 2 && made.node.replica.hasWrittenAll:
                    try server.ask("XADD termtalk:{test}:log 1-1000000 d junk")
                    step = 3
                case 3 where made.failures == 1:
                    let before = try server.commandCount()
                    step = 4
                    loop.schedule(after: watched) {
                        do { commands = try server.commandCount() - before } catch { Issue.record(error) }
                        reasons = made.reasons
                        let read = made.node.replica.state.place.position
                        do {
                            try server.ask("XDEL termtalk:{test}:log 1-1000000")
                            try server.ask("XSETID termtalk:{test}:log \(read.epoch)-\(read.number)")
                        } catch { Issue.record(error) }
                        made.say("after")
                    }
                case 4 where made.inputs.count == 3 && made.returns == 1:
                    made.node.stop()
                    loop.stop()
                default: break
                }
            }
            func lookAgain() {
                loop.schedule(after: .milliseconds(20), lookAgain)
                do { try look() } catch {
                    Issue.record(error)
                    loop.stop()
                }
            }
            lookAgain()
        }
        #expect(reasons == [.unreadable])
        // Each connection and load takes some ten commands with those that scripts carry out, and without pauses there are a thousand a second.
        #expect(commands < 400, "\(commands) commands in \(watched)")
        #expect(host?.inputs.map { String(decoding: $0, as: UTF8.self) } == ["before", "behind the snapshot", "after"])
        #expect(host?.problems.isEmpty == true)
    }

    @Test("Who comes late begins with the snapshot, and entries before it are gone from the store")
    func late() throws {
        let server = try RedisServer(onPort: true)
        try server.ask("PING")
        let location = try RedisLocation(parsing: "unix:\(server.socketPath)")
        let key = SeededRandom.key
        var hosts: [Host] = []
        try withStoreLoop { loop in
            hosts = [Host(1, creating: true, loop: loop, location: location, key: key)]
            var step = 0
            func look() {
                loop.schedule(after: .milliseconds(20), look)
                switch step {
                case 0 where hosts[0].node.replica.isFollowing:
                    for number in 0..<20 { hosts[0].say("early \(number)") }
                    step = 1
                case 1 where hosts[0].inputs.count == 20 && hosts[0].node.replica.hasWrittenAll:
                    hosts[0].node.keep(
                        Array(hosts[0].inputs.joined(separator: [0])),
                        trimming: hosts[0].node.replica.state.place.position)
                    hosts[0].say("after")
                    hosts.append(Host(2, creating: false, loop: loop, location: location, key: key))
                    step = 2
                case 2 where hosts.allSatisfy { $0.inputs.count == 21 && $0.node.replica.isConfirmed }:
                    for host in hosts { host.node.stop() }
                    loop.stop()
                default: break
                }
            }
            look()
        }
        #expect(hosts[0].inputs == hosts[1].inputs)
        #expect(hosts.flatMap(\.problems).isEmpty)
        guard case .integer(let count) = try server.ask("XLEN termtalk:{test}:log") else {
            Issue.record("there is no log")
            return
        }
        #expect(count < 20)
    }
}

extension SeededRandom {
    /// The key of a log.
    fileprivate static var key: [UInt8] {
        var random = SeededRandom(seed: 5)
        return random.bytes(LogSeal.keyByteCount)
    }
}
