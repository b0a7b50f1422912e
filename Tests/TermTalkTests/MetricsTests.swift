import Chat
import EventLoop
import Foundation
import Room
import TestSupport
import Testing

@testable import TermTalk

/// Numbers about a room: as values, at the socket, in the file.
@Suite struct MetricsTests {
    // MARK: The text

    @Test func aRoomThatIsNotOpenYet() {
        #expect(
            RoomMetrics(startedAt: 5, room: nil).text == """
                # HELP termtalk_start_time_seconds When the host was started, since 1970.
                # TYPE termtalk_start_time_seconds gauge
                termtalk_start_time_seconds 5
                # HELP termtalk_room_open Whether the room is open.
                # TYPE termtalk_room_open gauge
                termtalk_room_open 0

                """)
    }

    @Test func everySampleHasItsWordsAndItsKind() throws {
        var room = RoomMetrics.Room(
            isReachable: false, endsAt: 900, members: 12, away: 3, connections: 10, visitors: 1, logEntries: 7,
            logByteCount: 700, logByteLimit: 64 << 20, entries: 1_000)
        room.counters = HostCounters(deliveries: .max, sentByteCount: 2, receivedByteCount: 3)
        room.refusals = [1, 2, 3, 4, 5, 6]
        room.storeWaitingByteCount = 0
        room.sharedLog = .init(isReady: true, hosts: 3, lag: .milliseconds(2_050), entries: 9)
        let text = RoomMetrics(startedAt: 5, room: room).text
        #expect(text.hasPrefix(RoomMetrics.beginning))
        var samples: [String: String] = [:]
        var explained: Set<Substring> = []
        var typed: [Substring: Substring] = [:]
        for line in text.split(separator: "\n") {
            let words = line.split(separator: " ")
            if words[0] == "#" {
                if words[1] == "HELP" { explained.insert(words[2]) } else { typed[words[2]] = words[3] }
                continue
            }
            let name = words[0].prefix { $0 != "{" }
            #expect(explained.contains(name) && typed[name] != nil, "\(line)")
            #expect((typed[name] == "counter") == name.hasSuffix("_total"), "\(line)")
            #expect(samples.updateValue(String(words[1]), forKey: String(words[0])) == nil, "\(line)")
        }
        #expect(
            samples == [
                "termtalk_start_time_seconds": "5", "termtalk_room_open": "1", "termtalk_room_reachable": "0",
                "termtalk_room_end_time_seconds": "900", "termtalk_members": "12", "termtalk_members_away": "3",
                "termtalk_connections": "10", "termtalk_visitors": "1", "termtalk_log_entries": "7",
                "termtalk_log_bytes": "700", "termtalk_log_limit_bytes": "67108864", "termtalk_entries_total": "1000",
                "termtalk_deliveries_total": "18446744073709551615", "termtalk_sent_bytes_total": "2",
                "termtalk_received_bytes_total": "3", #"termtalk_refused_total{cause="handshake"}"#: "1",
                #"termtalk_refused_total{cause="invited-handshake"}"#: "2",
                #"termtalk_refused_total{cause="place"}"#: "3", #"termtalk_refused_total{cause="password"}"#: "4",
                #"termtalk_refused_total{cause="address"}"#: "5", #"termtalk_refused_total{cause="circuit"}"#: "6",
                "termtalk_store_waiting_bytes": "0", "termtalk_store_ready": "1", "termtalk_store_hosts": "3",
                "termtalk_store_lag_seconds": "2.05", "termtalk_store_entries_total": "9",
            ])
    }

    @Test("Members, those who are away, deliveries and refusals are those of the room")
    func aRealRoom() throws {
        var limits = AddressGate.Limits()
        limits.arrivalsPerMinute = 1
        try NodeWorld.run(addressLimits: limits) { world in
            let alice = world.add(nick: "alice")
            let bob = world.add(nick: "bob")
            var peers: [MemoryStream] = []
            world.whenAllAreIn(3) {
                let before = world.host.metrics(endsAt: 7)
                #expect(before.members == 3 && before.away == 0 && before.connections == 2 && before.visitors == 0)
                #expect(before.endsAt == 7 && before.storeWaitingByteCount == nil && before.sharedLog == nil)
                for number in 0..<10 { world.sayAsHost("\(number)") }
                world.when({ alice.texts.count == 10 && bob.texts.count == 10 }) {
                    let after = world.host.metrics(endsAt: nil)
                    #expect(after.counters.deliveries >= before.counters.deliveries + 20)
                    #expect(after.entries >= before.entries + 10)
                    #expect(after.counters.sentByteCount > before.counters.sentByteCount + 2 * 400)
                    #expect(after.logByteLimit == RoomLimits().logByteCount)
                    alice.isReachable = false
                    alice.breakConnection()
                    // One is let in, the next ones from the same address are not.
                    for _ in 0..<4 {
                        let (peer, host) = MemoryStream.makePair(loop: world.loop)
                        world.host.accept(host, from: PeerNetwork(.ip("192.0.2.1", port: 1)))
                        peers.append(peer)
                    }
                    world.loop.atEndOfTurn {
                        let now = world.host.metrics(endsAt: nil)
                        #expect(now.members == 3 && now.away == 1)
                        #expect(now.connections == 1 + now.visitors)
                        #expect(now.refusals[AttackWatch.Cause.address.rawValue] > 0)
                        _ = peers
                        world.finish()
                    }
                }
            }
        }
    }

    // MARK: The request

    private static func answer(_ text: String, inPiecesOf size: Int) -> MetricsRequest.Answer? {
        var request = MetricsRequest()
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            let piece = Array(rest.prefix(size))
            rest = rest.dropFirst(size)
            if let answer = request.received(piece.span) { return answer }
        }
        return nil
    }

    @Test(arguments: [1, 3, 10_000]) func requests(size: Int) {
        let cases: [(String, MetricsRequest.Answer?)] = [
            ("GET /metrics HTTP/1.0\r\n\r\n", .page), ("GET / HTTP/1.1\r\nHost: x\r\nAccept: */*\r\n\r\n", .page),
            ("GET / HTTP/1.1\nHost: x\n\n", .page), ("GET / HTTP/1.1\r\nHost: x\r\n", nil), ("GET / HTT", nil),
            ("POST / HTTP/1.1\r\n\r\n", .notAllowed), ("HEAD / HTTP/1.0\r\n\r\n", .notAllowed), ("\n", .text),
            ("GET /\r\n", .text), ("\u{1}\u{2}\r\n", .text), ("", nil),
        ]
        for (text, answer) in cases { #expect(Self.answer(text, inPiecesOf: size) == answer, "\(text)") }
    }

    @Test func theLongestRequest() {
        let beginning = "GET / HTTP/1.0\nX: "
        let longest = beginning + String(repeating: "x", count: MetricsRequest.byteLimit - beginning.count - 2) + "\n\n"
        #expect(longest.utf8.count == MetricsRequest.byteLimit)
        #expect(Self.answer(longest, inPiecesOf: 100) == .page)
        #expect(Self.answer(beginning + "x" + longest.dropFirst(beginning.count), inPiecesOf: 100) == .tooLong)
        #expect(Self.answer(String(repeating: "x", count: MetricsRequest.byteLimit + 1), inPiecesOf: 1) == .tooLong)
    }

    @Test func places() throws {
        #expect(try MetricsPlace(checking: "unix:/run/x") == .socket("/run/x"))
        #expect(try MetricsPlace(checking: "room.prom") == .file("room.prom"))
        for text in ["", "unix:", "/run/", "unix:/run/"] {
            #expect(throws: ChatEvent.Notice.self) { try MetricsPlace(checking: text) }
        }
    }

    // MARK: The socket

    private static func temporaryPath() -> String { "/tmp/tt-m-\(UInt32.random(in: .min ... .max))" }

    /// Runs a socket on a loop, and `clients` on a thread of their own.
    private static func serve<Value: Sendable>(
        at path: String = temporaryPath(), _ clients: @escaping @Sendable (String) throws -> Value
    ) async throws -> Value {
        try await onOwnThread {
            let loop = try EventLoop()
            let socket = try MetricsSocket(path: path, loop: loop) { "numbers\n" }
            var result: Result<Value, any Error>?
            loop.offload {
                Result { try clients(path) }
            } then: {
                result = $0
                loop.stop()
            }
            loop.run()
            socket.close()
            #expect(access(path, F_OK) != 0)
            return try #require(result).get()
        }
    }

    @Test func aGetIsAnsweredAndTheSocketIsNobodyElses() async throws {
        let (mode, answers) = try await Self.serve { path in
            var status = stat()
            lstat(path, &status)
            let answers = try ["GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n", "POST / HTTP/1.0\r\n\r\n", "\n"].map {
                let client = try BlockingSocket(path: path)
                client.write(Array($0.utf8))
                return String(decoding: try client.readToEnd(), as: UTF8.self)
            }
            return (status.st_mode & 0o7777, answers)
        }
        #expect(mode == 0o600)
        #expect(
            answers[0] == "HTTP/1.0 200 OK\r\nContent-Type: text/plain; version=0.0.4; charset=utf-8\r\n"
                + "Content-Length: 8\r\nConnection: close\r\n\r\nnumbers\n")
        #expect(answers[1].hasPrefix("HTTP/1.0 405 "))
        #expect(answers[2] == "numbers\n")
    }

    @Test("As many clients as may be there get the numbers without a word; one more is closed")
    func clientsWithoutAWord() async throws {
        let answers = try await Self.serve { path in
            let clients = try (0...MetricsSocket.clientLimit).map { _ in try BlockingSocket(path: path) }
            return try clients.map { String(decoding: try $0.readToEnd(), as: UTF8.self) }
        }
        #expect(answers == Array(repeating: "numbers\n", count: MetricsSocket.clientLimit) + [""])
    }

    @Test("A request that is too long is refused, and who has gone makes room for others")
    func tooLongAndGone() async throws {
        let answers = try await Self.serve { path in
            for _ in 0..<3 * MetricsSocket.clientLimit {
                let client = try BlockingSocket(path: path)
                client.write(Array("GET / HTTP/1.0\r\n".utf8))
                client.close()
            }
            return try [MetricsRequest.byteLimit, MetricsRequest.byteLimit + 1].map { count in
                // Until the host has heard of those that have gone.
                while true {
                    let client = try BlockingSocket(path: path)
                    client.write(Array(repeating: UInt8(ascii: "x"), count: count - 1) + [UInt8(ascii: "\n")])
                    let answer = String(decoding: try client.readToEnd(), as: UTF8.self)
                    if !answer.isEmpty { return answer }
                }
            }
        }
        #expect(answers[0] == "numbers\n")
        #expect(answers[1].hasPrefix("HTTP/1.0 431 "))
    }

    // MARK: The file

    /// Has a file made, and returns what was told of it, its mode and its content before it was closed.
    private static func write(_ path: String) async throws -> (notice: NoticeCode?, mode: mode_t, content: String?) {
        try await onOwnThread {
            let loop = try EventLoop()
            var file: MetricsFile?
            var told: NoticeCode?
            var mode: mode_t = 0
            var content: String?
            file = MetricsFile(path: path, loop: loop) {
                RoomMetrics(startedAt: 1, room: nil).text
            } onResult: { notice in
                told = notice?.code
                var status = stat()
                lstat(path, &status)
                mode = status.st_mode & 0o7777
                content = try? String(contentsOfFile: path, encoding: .utf8)
                file?.close { loop.stop() }
            }
            loop.run()
            return (told, mode, content)
        }
    }

    @Test func theFileIsWrittenAndGoes() async throws {
        let path = Self.temporaryPath()
        // What a host that was killed has left.
        for before in [nil, "", RoomMetrics(startedAt: 9, room: nil).text] {
            try before?.write(toFile: path, atomically: false, encoding: .utf8)
            chmod(path, 0o644)
            let written = try await Self.write(path)
            #expect(written.notice == nil)
            #expect(written.mode == 0o600)
            #expect(written.content == RoomMetrics(startedAt: 1, room: nil).text)
            #expect(access(path, F_OK) != 0)
        }
    }

    @Test(arguments: ["precious", "folder", "link", "others"])
    func nothingElseIsWrittenOver(_ kind: String) async throws {
        let path = Self.temporaryPath()
        let precious = "\(path)-precious"
        defer { for path in [path, precious] { try? FileManager.default.removeItem(atPath: path) } }
        try "precious".write(toFile: kind == "precious" ? path : precious, atomically: false, encoding: .utf8)
        switch kind {
        case "folder": mkdir(path, 0o700)
        case "link": symlink(precious, path)
        case "others":
            try RoomMetrics(startedAt: 1, room: nil).text.write(toFile: path, atomically: false, encoding: .utf8)
            chmod(path, 0o666)
        default: break
        }
        #expect(try await Self.write(path).notice == .outputUnwritable)
        #expect(access(path, F_OK) == 0)
        #expect(try String(contentsOfFile: kind == "precious" ? path : precious, encoding: .utf8) == "precious")
    }

    @Test func aFolderThatIsNotThere() async throws {
        #expect(try await Self.write("/nosuchfolder/room.prom").notice == .outputUnwritable)
    }
}
