import TestSupport
import Testing

@testable import Files

@Suite struct FileTrafficTests {
    @Test(
        "Every receiver gets the file, each piece once, whatever its size",
        arguments: [0, 1, 15_359, 15_360, 15_361, 65_536, 1_000_000])
    func sizes(_ size: Int) throws {
        var traffic = try FileTraffic(size: size, receivers: 3, seed: UInt64(size))
        for _ in 0..<2_000 where !traffic.isDone { try traffic.step() }
        #expect(traffic.isDone)
        for receiver in traffic.receivers.values {
            #expect(receiver.written == traffic.data)
            #expect(receiver.writes.values.allSatisfy { $0 == 1 })
            #expect(receiver.writes.count == Int(traffic.offer.pieceCount))
            #expect(receiver.file.byteCount == UInt64(size))
        }
        #expect(traffic.relay.wantCount == 0)
    }

    @Test("What several want at the same time is sent once")
    func together() throws {
        var traffic = try FileTraffic(size: 1_000_000, receivers: 5, seed: 1)
        for _ in 0..<2_000 where !traffic.isDone { try traffic.step() }
        #expect(traffic.isDone)
        let pieces = Int(FileFormat.paddedCount(traffic.offer.pieceCount)) + 1
        #expect(traffic.sent == pieces)
    }

    @Test("Connections break and come back: all is there in the end, and nothing is written twice", arguments: 0..<20)
    func faults(_ seed: Int) throws {
        var traffic = try FileTraffic(size: 700_000, receivers: 3, seed: UInt64(seed))
        var random = SeededRandom(seed: UInt64(1_000 + seed))
        var faults = 0
        for _ in 0..<20_000 where !traffic.isDone {
            try traffic.step()
            if faults < 60, random.below(4) == 0 {
                traffic.toggle(UInt32(1 + random.below(4)))
                faults += 1
            } else if faults == 60 {
                faults += 1
                if !traffic.isSenderConnected { traffic.toggle(1) }
                for (member, receiver) in traffic.receivers where !receiver.isConnected { traffic.toggle(member) }
            }
            #expect(traffic.relay.wantCount <= 3 * FileFormat.window)
        }
        #expect(traffic.isDone)
        for receiver in traffic.receivers.values {
            #expect(receiver.written == traffic.data)
            #expect(receiver.writes.values.allSatisfy { $0 == 1 })
        }
        #expect(traffic.largestQueue <= FileFormat.window + 8)
    }

    @Test("A receiver that reads nothing holds nobody up, and what waits for it is bounded")
    func stuck() throws {
        var traffic = try FileTraffic(size: 3_000_000, receivers: 2, seed: 3)
        // Member 3 asks, and then takes nothing.
        try traffic.receiverTurn(3)
        for _ in 0..<2_000 where traffic.receivers[2]?.file.phase != .finishing {
            traffic.now += .milliseconds(10)
            try traffic.senderTurn()
            try traffic.receiverTurn(2)
        }
        #expect(traffic.receivers[2]?.written == traffic.data)
        #expect((traffic.receivers[3]?.queue.count ?? 0) <= FileFormat.window)
    }

    @Test("A file that is larger than the host passes on is refused, to both sides; one that is not is passed on")
    func limit() throws {
        let size = 20 * FileFormat.pieceByteCount
        var allowed = try FileTraffic(size: size, receivers: 1, seed: 4, limit: UInt64(size))
        for _ in 0..<200 where !allowed.isDone { try allowed.step() }
        #expect(allowed.isDone)
        var refused = try FileTraffic(
            size: size + 5 * FileFormat.pieceByteCount, receivers: 1, seed: 4, limit: UInt64(size))
        var told: [FileFrame] = []
        for _ in 0..<200 {
            told += refused.toSender
            try refused.step()
        }
        #expect(!refused.isDone)
        #expect(refused.receivers[2]?.ends.contains(.tooLarge) == true)
        #expect(told.contains(.end(peer: 2, file: refused.offer.id, .tooLarge)))
        var none = try FileTraffic(size: 1, receivers: 1, seed: 4, limit: 0)
        for _ in 0..<20 { try none.step() }
        #expect(none.receivers[2]?.ends.first == .tooLarge)
    }

    @Test("Who has more passed on than it may is stopped, and may go on later")
    func allowance() throws {
        let limit = UInt64(FileFormat.pieceByteCount)
        let allowance = Int(Double(limit) * FileRelay.Limits.filesAnHour) / FileFormat.sealedByteCount
        var limits = FileRelay.Limits()
        limits.largest = limit
        var relay = FileRelay(limits)
        _ = relay.connected(1)
        _ = relay.connected(2)
        let piece = FileFrame.piece(FileTraffic.unsealed(FileID(7), .data(0)))
        func pass(at now: Duration) throws -> [FileRelay.Output] {
            _ = try relay.received(
                .want(peer: 1, file: FileID(7), first: .data(0), count: 1), from: 2, now: now, isMember: { _ in true })
            return try relay.received(piece, from: 1, now: now, isMember: { _ in true })
        }
        for _ in 0..<allowance {
            let outputs = try pass(at: .zero)
            #expect(outputs.map(\.receivers) == [[2]])
            #expect(outputs.first?.frame.isPiece == true)
        }
        #expect(
            try pass(at: .zero) == [
                .init(frame: .end(peer: 1, file: FileID(7), .tooMuch), receivers: [2]),
                .init(frame: .end(peer: 2, file: FileID(7), .tooMuch), receivers: [1]),
            ])
        // Nobody has asked for this one, and it is not paid for.
        #expect(throws: FileError.malformed) {
            try relay.received(piece, from: 1, now: .zero, isMember: { _ in true })
        }
        #expect(try pass(at: .seconds(3_600)).first?.frame.isPiece == true)
    }

    @Test("Wants of somebody who is not there, past the window, of too many files, and of nonsense")
    func hostileReceiver() throws {
        var relay = FileRelay(.init())
        _ = relay.connected(1)
        _ = relay.connected(2)
        func want(_ file: UInt64, _ first: PieceNumber, _ count: UInt16, of sender: UInt32 = 1) throws
            -> [FileRelay.Output]
        {
            try relay.received(
                .want(peer: sender, file: FileID(file), first: first, count: count), from: 2, now: .zero,
                isMember: { $0 < 3 })
        }
        #expect(throws: FileError.malformed) { try want(1, .data(0), 0) }
        #expect(throws: FileError.malformed) { try want(1, .data(0), UInt16(FileFormat.window) + 1) }
        #expect(throws: FileError.malformed) { try want(1, .data(.max), 2) }
        #expect(throws: FileError.malformed) { try want(1, .data(0), 1, of: 2) }
        #expect(
            try want(1, .data(0), 1, of: 9) == [.init(frame: .end(peer: 9, file: FileID(1), .gone), receivers: [2])])
        #expect(try want(1, .data(0), UInt16(FileFormat.window)).count == 1)
        #expect(relay.wantCount == FileFormat.window)
        #expect(try want(1, .data(100), 1).isEmpty)
        #expect(relay.wantCount == FileFormat.window)
        relay.disconnected(2)
        #expect(relay.wantCount == 0)
        _ = relay.connected(2)
        for file in 0..<UInt64(FileFormat.incoming) { #expect(try !want(file, .list(0), 1).isEmpty) }
        #expect(try want(99, .list(0), 1).isEmpty)
        #expect(relay.left(1).count == FileFormat.incoming)
        #expect(relay.wantCount == 0)
    }

    @Test("Who asks and tells without end has little of it passed on, and who fetches has all")
    func endlessControl() throws {
        let frames: [FileFrame] = [
            .have(peer: 1, file: FileID(7), bytes: 1), .end(peer: 1, file: FileID(7), .declined),
            .want(peer: 1, file: FileID(7), first: .list(0), count: 1),
        ]
        func passedOn(_ relay: inout FileRelay, _ rounds: Int, at now: Duration) throws -> Int {
            try (0..<rounds).reduce(0) { count, _ in
                try frames.reduce(count) {
                    $0 + (try relay.received($1, from: 2, now: now, isMember: { $0 < 3 }).count)
                }
            }
        }
        var relay = FileRelay(.init())
        _ = relay.connected(1)
        _ = relay.connected(2)
        #expect(try passedOn(&relay, 5_000, at: .zero) == Int(FileRelay.controlBurst))
        #expect(try passedOn(&relay, 5_000, at: .seconds(1)) == Int(FileRelay.controlRate))
        #expect(relay.known == [1, 2] || relay.known == [2])
        _ = relay.left(2)
        _ = relay.left(1)
        #expect(relay.known.isEmpty)
        // Each want that brings its piece is free.
        _ = relay.connected(1)
        _ = relay.connected(2)
        for index in 0..<UInt32(3 * FileRelay.controlBurst) {
            let want = FileFrame.want(peer: 1, file: FileID(7), first: .data(index % 100), count: 1)
            #expect(try relay.received(want, from: 2, now: .seconds(2), isMember: { $0 < 3 }).count == 1)
            let piece = FileFrame.piece(FileTraffic.unsealed(FileID(7), .data(index % 100)))
            let outputs = try relay.received(piece, from: 1, now: .seconds(2), isMember: { $0 < 3 })
            #expect(outputs.map(\.receivers) == [[2]])
        }
    }

    @Test("What a receiver says to a sender that is away waits for it, and not without bound")
    func ends() throws {
        var relay = FileRelay(.init())
        _ = relay.connected(2)
        for file in 0..<UInt64(2 * FileFormat.outgoing) {
            _ = try relay.received(.end(peer: 1, file: FileID(file), .complete), from: 2, now: .zero) { $0 == 1 }
        }
        let outputs = relay.connected(1)
        #expect(outputs.count == 1 + FileFormat.outgoing)
        #expect(outputs[1].frame == .end(peer: 2, file: FileID(0), .complete))
        #expect(relay.connected(1).count == 1)
    }
}
