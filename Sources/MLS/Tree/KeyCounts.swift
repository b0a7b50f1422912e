/// How often each of many keys is there. Looked up and changed without going through all of them, and copied in parts: what a
/// Commit would make of a large tree costs no more to try than what it changes.
struct KeyCounts: Sendable {
    private static let shardCount = 64
    private var shards = [[[UInt8]: Int]](repeating: [:], count: shardCount)

    /// Keys are random, but for those of a peer that wants to make this slow: then it is as a search through all.
    private static func shard(of key: [UInt8]) -> Int { Int(key.first ?? 0) % shardCount }

    /// All keys, those counted that are there more than once.
    var count: Int { shards.reduce(0) { $0 + $1.values.reduce(0, +) } }

    subscript(key: [UInt8]) -> Int { shards[Self.shard(of: key)][key] ?? 0 }

    mutating func add(_ key: [UInt8]) {
        shards[Self.shard(of: key)][key, default: 0] += 1
    }

    mutating func remove(_ key: [UInt8]) {
        let shard = Self.shard(of: key)
        guard let count = shards[shard][key] else { return }
        shards[shard][key] = count > 1 ? count - 1 : nil
    }
}
