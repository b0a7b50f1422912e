import Chat
import Glibc
import Room
import SecureGroup
import Sodium

/// What a room's group costs its members: coming in, a Commit, a message, in processor time and bytes. Some of the members are in
/// this process, and hear everything; of a large group the others are leaves of the tree alone.
///
/// `joined` is a group whose members have just been let in, many at a time: its tree has no path secrets, so a Commit with a
/// path encrypts to every member. `updated` is it after members have given themselves new keys, as they do after coming in.
final class GroupBenchmark {
    /// What happens once in a measurement, and medians are taken of.
    private static let rounds = 7
    private static let messagesPerRound = 20
    /// Members that are let in by one Commit, as the room does.
    private static let batch = 64
    /// Members that give themselves new keys, at most: enough for all nodes of the tree but the lowest few.
    private static let updates = 64
    private static let text = [UInt8](repeating: 1, count: 64 + 45)

    /// Those who hear everything.
    private var members: [RoomGroup] = []
    /// How many the group has.
    private var size = 1
    /// The group as its room follows it, and who waits to come in.
    private var book: any GroupBook
    private var offered: [GroupCandidate] = []
    private var samples: [String: [Double]] = [:]
    private var sizes: [String: Int] = [:]
    private var nextMessage: UInt64 = 0

    static func run(_ arguments: ArraySlice<String>) throws {
        let counts = try arguments.map { text in
            guard let count = Int(text), count > 1 else { throw BenchmarkError("group [MEMBERS…]") }
            return count
        }
        try printPrimitives()
        for count in counts.isEmpty ? [2, 10, 100, 1_000] : counts {
            let benchmark = try GroupBenchmark()
            try benchmark.grow(to: count)
            try benchmark.measure("joined")
            for index in benchmark.members.indices {
                try benchmark.commit(benchmark.members[index].commit(adding: [], removing: []), by: index, timed: nil)
            }
            try benchmark.measure("updated")
        }
    }

    /// The bare calls to libsodium, in microseconds.
    private static func printPrimitives() throws {
        let own = X25519.PrivateKey()
        let peer = X25519.PrivateKey()
        let signer = Ed25519.KeyPair()
        let signature = signer.sign(text.span)
        var line = JSONLine()
        line.add("test", "primitives")
        line.add("x25519_us", try median { _ = try own.sharedSecret(with: peer.publicKey) })
        line.add("key_pair_us", median { _ = X25519.PrivateKey() })
        line.add("sign_us", median { _ = signer.sign(text.span) })
        line.add(
            "verify_us",
            median {
                _ = Ed25519.verify(signature: signature.span, message: text.span, publicKey: signer.publicKey)
            })
        print(line.text)
    }

    private static func median<E: Error>(_ body: () throws(E) -> Void) throws(E) -> Double {
        var times: [Double] = []
        for _ in 0..<201 { times.append(try time(body)) }
        return times.sorted()[times.count / 2]
    }

    /// Microseconds of this thread.
    private static func time<E: Error>(_ body: () throws(E) -> Void) throws(E) -> Double {
        let start = timespec.nanoseconds(on: CLOCK_THREAD_CPUTIME_ID)
        try body()
        return Double(timespec.nanoseconds(on: CLOCK_THREAD_CPUTIME_ID) - start) / 1_000
    }

    // MARK: The group

    private init() throws {
        let creator = RoomGroup(creator: nil, time: 1_000_000_000)
        _ = creator.keyPackage()
        book = try PublicRoomGroup(founding: creator.create(), by: creator.id, isAtRelay: false)
        members = [creator]
    }

    private func grow(to count: Int) throws {
        let creator = members[0]
        let stride = max(1, count / Self.updates)
        while size < count {
            let joiners = (0..<min(Self.batch, count - size)).map { _ in
                RoomGroup(creator: creator.publicKey, time: 1_000_000_000)
            }
            offered = joiners.map { .init(id: $0.id, keyPackage: $0.keyPackage()) }
            let commit = try creator.commit(adding: offered, removing: [])
            try self.commit(commit, by: 0, timed: nil)
            for (index, joiner) in joiners.enumerated()
            where (size + index).isMultiple(of: stride) || size + index == count - 1 {
                try joiner.join(commit.welcome, tree: book.tree, host: creator.id)
                members.append(joiner)
            }
            size += joiners.count
        }
    }

    /// Everybody takes the Commit.
    private func commit(_ commit: GroupCommit, by committer: Int, timed name: String?) throws {
        let from = members[committer].id
        let purpose = CommitPurpose.answer(adding: offered, removing: commit.removed)
        var booked: BookedCommit?
        let time = try Self.time { booked = try book.stage(commit.commit, from: from, as: purpose) }
        if let name { add("\(name)_room", time) }
        guard let booked else { throw BenchmarkError("room") }
        book = booked.book
        for (index, member) in members.enumerated() {
            let time = try Self.time { _ = try member.received(commit: commit.commit, from: from) }
            if let name { add(index == committer ? "\(name)_own" : "\(name)_others", time) }
        }
    }

    private func add(_ name: String, _ time: Double) {
        samples[name, default: []].append(time)
    }

    private func timed<Value>(_ name: String, _ body: () throws -> Value) throws -> Value {
        var value: Value?
        add(name, try Self.time { value = try body() })
        guard let value else { throw BenchmarkError(name) }
        return value
    }

    // MARK: What is measured

    private func measure(_ tree: String) throws {
        samples = [:]
        for round in 0..<Self.rounds {
            try measureJoin()
            let updater = (members.count - 1) * round / Self.rounds
            let update = try timed("update_commit") { try members[updater].commit(adding: [], removing: []) }
            sizes["update"] = update.commit.count
            try commit(update, by: updater, timed: "update")
            try measureMessages()
        }
        var line = JSONLine()
        line.add("test", "group")
        line.add("members", size)
        line.add("tree", tree)
        for (name, times) in samples.sorted(by: { $0.key < $1.key }) {
            line.add("\(name)_us", times.sorted()[times.count / 2])
        }
        for (name, size) in sizes.sorted(by: { $0.key < $1.key }) { line.add("\(name)_bytes", size) }
        print(line.text)
    }

    /// One comes in, and is removed again.
    private func measureJoin() throws {
        let joiner = RoomGroup(creator: members[0].publicKey, time: 1_000_000_000)
        let keyPackage = try timed("key_package") { joiner.keyPackage() }
        offered = [.init(id: joiner.id, keyPackage: keyPackage)]
        let add = try timed("add_commit") { try members[0].commit(adding: offered, removing: []) }
        try commit(add, by: 0, timed: "add")
        let tree = book.tree
        try timed("join") { try joiner.join(add.welcome, tree: tree, host: members[0].id) }
        sizes["key_package"] = keyPackage.count
        sizes["add"] = add.commit.count
        sizes["welcome"] = add.welcome.count
        let remove = try timed("remove_commit") { try members[0].commit(adding: [], removing: [joiner.id]) }
        sizes["remove"] = remove.commit.count
        try commit(remove, by: 0, timed: "remove")
    }

    private func measureMessages() throws {
        let (sender, receiver) = (members[members.count - 1], members[0])
        for _ in 0..<Self.messagesPerRound {
            nextMessage += 1
            let id = MessageID(nextMessage)
            let sealed = try timed("seal") { try sender.seal(Self.text, id: id) }
            _ = try timed("open") { try receiver.open(sealed, id: id, from: sender.id) }
            sizes["message"] = sealed.count
            let whispered = try timed("seal_private") {
                try sender.sealPrivately(Self.text, id: id, to: receiver.id)
            }
            _ = try timed("open_private") { try receiver.openPrivately(whispered, id: id, from: sender.id) }
            sizes["private"] = whispered.count
        }
        sizes["text"] = Self.text.count
    }
}
