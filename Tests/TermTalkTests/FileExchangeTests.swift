import Chat
import EventLoop
import Files
import Foundation
import Room
import Sodium
import Testing

@testable import TermTalk

/// One participant's files, between a lane and a person that the test plays.
@Suite struct FileExchangeTests {
    private final class World {
        let loop: EventLoop
        let folder: String
        var sent: [FileFrame] = []
        var news: [FileNews] = []
        var notices: [NoticeCode] = []
        var exchange: FileExchange?

        init(_ options: FileOptions = FileOptions()) throws {
            loop = try EventLoop()
            folder = "/tmp/tt-exchange-\(FileID(Random.uint64()))"
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: false)
            let owner = FileExchange.Owner(
                send: { [weak self] in self?.sent.append($0) }, room: { 32 }, offer: { _, _ in nil },
                nick: { $0.description }, id: { MemberID(entropy: 1) })
            exchange = FileExchange(loop: loop, options: options, owner: owner) { [weak self] event in
                switch event {
                case .file(let news): self?.news.append(news)
                case .warning(let notice), .error(let notice): self?.notices.append(notice.code)
                default: break
                }
            }
        }

        deinit { try? FileManager.default.removeItem(atPath: folder) }

        /// Runs the loop until each of these was so, one after the other; false when one does not become so for a long time.
        func run(_ steps: [() -> Bool]) -> Bool {
            let end = loop.time + .seconds(60)
            var left = steps[...]
            func look() {
                while let step = left.first, step() { left.removeFirst() }
                if left.isEmpty || loop.time > end { return loop.stop() }
                _ = loop.schedule(after: .milliseconds(5)) { look() }
            }
            look()
            loop.run()
            return left.isEmpty
        }

        func offer(_ id: UInt64, name: String = "a", size: UInt64 = 10) -> FileOffer {
            FileOffer(
                id: FileID(id), name: name, size: size, key: FileKey(), root: [UInt8](repeating: 0, count: 32))
        }
    }

    private static let sender = MemberID(entropy: 7)

    @Test("However many files are offered, so many are remembered, and those that are fetched are among them")
    func endlessOffers() throws {
        let world = try World()
        let exchange = try #require(world.exchange)
        for id in 0..<UInt64(OfferedFiles.limit) {
            exchange.offered.add(world.offer(id).encoded, from: Self.sender, isPrivate: false)
        }
        #expect(exchange.offered.files.count == OfferedFiles.limit)
        #expect(exchange.offered.files.first?.offer.id == FileID(0))
        for id in 0..<UInt64(OfferedFiles.limit) {
            exchange.offered.add(world.offer(10_000 + id).encoded, from: Self.sender, isPrivate: false)
        }
        #expect(exchange.offered.files.count == OfferedFiles.limit)
        #expect(exchange.offered.files.first?.offer.id == FileID(10_000))
        // The same offer is one file, and what is no offer is told.
        let count = world.news.count
        exchange.offered.add(world.offer(10_000).encoded, from: Self.sender, isPrivate: false)
        #expect(world.news.count == count)
        let nonsense: [UInt8] = [1, 2, 3]
        exchange.offered.add(SecretContent(copying: nonsense.span), from: Self.sender, isPrivate: false)
        #expect(world.notices == [.inputInvalid])
    }

    @Test("Who offers without end does not push out what others offer, wanted or not")
    func crowd() throws {
        let world = try World()
        let exchange = try #require(world.exchange)
        let honest = MemberID(entropy: 8)
        exchange.offered.add(world.offer(1).encoded, from: honest, isPrivate: false)
        exchange.offered.add(world.offer(2).encoded, from: honest, isPrivate: false)
        exchange.offered.files.last?.stage = .accepted(folder: nil)
        for id in 0..<UInt64(2 * OfferedFiles.limit) {
            exchange.offered.add(world.offer(100 + id).encoded, from: Self.sender, isPrivate: false)
            // As who accepts everything has it.
            exchange.offered.files.last?.stage = .accepted(folder: nil)
        }
        #expect(exchange.offered.files.count == OfferedFiles.limit)
        #expect(exchange.offered.files.filter { $0.file.from == honest }.map(\.offer.id) == [FileID(1), FileID(2)])
        exchange.offered.add(world.offer(3).encoded, from: honest, isPrivate: false)
        #expect(exchange.offered.files.last?.offer.id == FileID(3))
        #expect(exchange.offered.files.count == OfferedFiles.limit)
    }

    @Test("A receiver that begins and ends again and again is told of some times, and then gets nothing more")
    func endlessEnds() throws {
        let world = try World()
        let exchange = try #require(world.exchange)
        exchange.connected()
        let path = "\(world.folder)/file"
        try Data([1, 2, 3]).write(to: URL(filePath: path))
        exchange.perform(.send(path: path, to: nil))
        #expect(world.run([{ !exchange.own.files.isEmpty }]))
        let id = exchange.own.files[0].state.offer.id
        let before = world.news.count
        for _ in 0..<100 { exchange.received(.end(peer: 5, file: id, .declined)) }
        // That it is one of those who know of it, and that it does not want it.
        #expect(world.news.count == before + 2)
        for _ in 0..<1_000 {
            exchange.received(.want(peer: 5, file: id, first: .list(0), count: 1))
            exchange.received(.end(peer: 5, file: id, .declined))
        }
        #expect(world.news.count == before + 2 * OwnFile.endLimit)
        world.sent = []
        exchange.received(.want(peer: 5, file: id, first: .list(0), count: 1))
        #expect(world.sent == [.end(peer: 5, file: id, .withdrawn)])
        exchange.received(.want(peer: 6, file: id, first: .list(0), count: 1))
        #expect(exchange.own.files[0].receivers[6]?.hasEnded == false)
    }

    @Test("Files from which nothing comes give way to one that waits, and go on when their senders are heard")
    func places() throws {
        let world = try World(FileOptions(folder: nil, acceptedSize: nil))
        let exchange = try #require(world.exchange)
        exchange.offered.patience.place = .milliseconds(50)
        exchange.connected()
        let honest = MemberID(entropy: 8)
        for id in 0...UInt64(FileFormat.incoming) {
            exchange.offered.add(
                world.offer(100 + id, name: "stuck \(id)").encoded, from: Self.sender, isPrivate: false)
        }
        exchange.offered.add(world.offer(1, name: "wanted").encoded, from: honest, isPrivate: false)
        for file in exchange.offered.files { exchange.offered.accept(file, folder: world.folder) }
        let wanted = try #require(exchange.offered.files.last)
        #expect(wanted.reception == nil)
        let hasRun = world.run([
            { wanted.reception != nil },
            {
                // All but one of the first nine are there; the last of them waits behind who offers less.
                let first = exchange.offered.files[0]
                #expect(first.reception == nil && first.isSuspended)
                #expect(world.sent.contains(.end(peer: Self.sender.wireValue, file: FileID(100), .paused)))
                exchange.received(.have(peer: Self.sender.wireValue, file: FileID(100), bytes: 0))
                #expect(!first.isSuspended)
                return true
            },
            { exchange.offered.files[0].reception != nil },
        ])
        #expect(hasRun)
        #expect(exchange.offered.files.count { $0.isOnItsWay } <= FileFormat.incoming)
    }

    @Test("A file of which a little comes now and then keeps its place for its turn only, where another one waits")
    func turns() throws {
        let world = try World()
        let exchange = try #require(world.exchange)
        exchange.offered.patience.turn = .milliseconds(50)
        exchange.connected()
        for id in 0..<UInt64(FileFormat.incoming) {
            exchange.offered.add(world.offer(100 + id, name: "slow \(id)").encoded, from: Self.sender, isPrivate: false)
        }
        for file in exchange.offered.files { exchange.offered.accept(file, folder: world.folder) }
        let hasRun = world.run([
            { exchange.offered.files.allSatisfy { $0.reception != nil } },
            {
                #expect(!world.sent.contains { if case .end = $0 { true } else { false } })
                exchange.offered.add(
                    world.offer(1, name: "wanted").encoded, from: MemberID(entropy: 8), isPrivate: false)
                exchange.offered.accept(exchange.offered.files[FileFormat.incoming], folder: world.folder)
                return true
            },
            { exchange.offered.files[FileFormat.incoming].reception != nil },
        ])
        #expect(hasRun)
        #expect(exchange.offered.files.count { $0.isSuspended } == 1)
    }

    @Test("Another file of the same name and size takes no place for ever, and does not end the other one")
    func twins() throws {
        let world = try World()
        let exchange = try #require(world.exchange)
        exchange.offered.patience.twin = .milliseconds(50)
        exchange.offered.patience.place = .seconds(4)
        exchange.connected()
        let honest = MemberID(entropy: 8)
        exchange.offered.add(world.offer(1).encoded, from: honest, isPrivate: false)
        exchange.offered.add(world.offer(2).encoded, from: Self.sender, isPrivate: false)
        let (first, second) = (exchange.offered.files[0], exchange.offered.files[1])
        exchange.offered.accept(first, folder: world.folder)
        let hasRun = world.run([
            { first.reception != nil },
            {
                exchange.offered.accept(second, folder: world.folder)
                #expect(second.reception == nil)
                return true
            },
            { second.reception != nil },
            {
                #expect(world.sent.contains(.end(peer: honest.wireValue, file: FileID(1), .paused)))
                #expect(!world.sent.contains(.end(peer: honest.wireValue, file: FileID(1), .declined)))
                // It lives.
                exchange.received(.have(peer: honest.wireValue, file: FileID(1), bytes: 0))
                return true
            },
            { first.reception != nil },
            {
                #expect(first.part?.name != second.part?.name)
                #expect(second.reception != nil)
                return true
            },
        ])
        #expect(hasRun)
    }

    @Test("Nothing is fetched unasked, nor what is larger than is taken unasked")
    func unasked() throws {
        let world = try World(FileOptions(folder: nil, acceptedSize: 10))
        let exchange = try #require(world.exchange)
        exchange.connected()
        exchange.offered.add(world.offer(1, size: 11).encoded, from: Self.sender, isPrivate: false)
        #expect(exchange.offered.files.first?.state == "offered")
        exchange.offered.add(world.offer(2, size: 10).encoded, from: Self.sender, isPrivate: false)
        #expect(exchange.offered.files.last?.state == "waiting")
        #expect(world.sent.isEmpty)
    }

    @Test("A sender that asks hears what it was told before, and how far the file is")
    func answers() throws {
        let world = try World()
        let exchange = try #require(world.exchange)
        exchange.connected()
        exchange.offered.add(world.offer(1).encoded, from: Self.sender, isPrivate: false)
        let file = try #require(exchange.offered.files.first)
        func answer(_ id: UInt64 = 1) -> FileFrame? {
            world.sent = []
            exchange.received(.have(peer: Self.sender.wireValue, file: FileID(id), bytes: 0))
            return world.sent.count == 1 ? world.sent[0] : nil
        }
        func end(_ end: FileEnd, _ id: UInt64 = 1) -> FileFrame {
            .end(peer: Self.sender.wireValue, file: FileID(id), end)
        }
        #expect(answer() == end(.unwritable))
        file.stage = .accepted(folder: nil)
        #expect(answer() == .have(peer: Self.sender.wireValue, file: FileID(1), bytes: 0))
        file.stage = .done(path: "/x")
        #expect(answer() == end(.complete))
        file.stage = .declined
        #expect(answer() == end(.declined))
        #expect(answer(99) == end(.unspecified, 99))
    }

    @Test("A receiver that has not finished is asked when the connection is back, and one that has is not")
    func asks() throws {
        let world = try World()
        let exchange = try #require(world.exchange)
        exchange.connected()
        let path = "\(world.folder)/file"
        try Data([1, 2, 3]).write(to: URL(filePath: path))
        exchange.perform(.send(path: path, to: nil))
        var id = FileID(0)
        let hasRun = world.run([
            { !exchange.own.files.isEmpty },
            {
                id = exchange.own.files[0].state.offer.id
                for peer in [UInt32(5), 6] {
                    exchange.received(.want(peer: peer, file: id, first: .list(0), count: 1))
                }
                exchange.received(.end(peer: 6, file: id, .complete))
                return true
            },
            { world.sent.contains { if case .piece = $0 { true } else { false } } },
            {
                exchange.connectionLost()
                world.sent = []
                exchange.connected()
                #expect(world.sent == [.have(peer: 5, file: id, bytes: 0)])
                exchange.received(.end(peer: 5, file: id, .complete))
                exchange.connectionLost()
                world.sent = []
                exchange.connected()
                #expect(world.sent.isEmpty)
                // What this one says is lost on a connection that does not break at this end.
                exchange.received(.want(peer: 8, file: id, first: .list(0), count: 1))
                return true
            },
            { world.sent.contains(.have(peer: 8, file: id, bytes: 0)) },
        ])
        #expect(hasRun)
    }
}
