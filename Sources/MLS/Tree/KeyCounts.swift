/// How often each of many keys is there: of each its hash, in order. Eight bytes a key, where a dictionary takes five times that,
/// and a copy costs next to nothing.
///
/// Two keys with one hash count as the same. The hash (64 bits) is under a secret of this process: nobody can look for such keys, and
/// by chance the largest tree has two once in 2^35 times.
struct KeyCounts: Sendable {
    private var hashes: [Int] = []

    init() {}

    init(_ keys: some Sequence<[UInt8]>) {
        hashes = keys.map(\.hashValue).sorted()
    }

    /// All keys, those counted that are there more than once.
    var count: Int { hashes.count }

    subscript(key: [UInt8]) -> Int {
        let hash = key.hashValue
        return hashes[place(of: hash)...].prefix { $0 == hash }.count
    }

    mutating func add(_ key: [UInt8]) {
        let hash = key.hashValue
        hashes.insert(hash, at: place(of: hash))
    }

    mutating func remove(_ key: [UInt8]) {
        let hash = key.hashValue
        let place = place(of: hash)
        guard place < hashes.count, hashes[place] == hash else { return }
        hashes.remove(at: place)
    }

    /// Where the first of those stands that are not less.
    private func place(of hash: Int) -> Int {
        var low = 0
        var high = hashes.count
        while low < high {
            let middle = low + (high - low) / 2
            if hashes[middle] < hash { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
