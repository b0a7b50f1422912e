/// Under which names Redis keeps our scripts, in the order in which they were loaded.
struct RedisScriptHashes: Sendable {
    private var hashes: [[UInt8]] = []

    var isComplete: Bool { hashes.count == RedisScript.allCases.count }

    mutating func append(_ hash: [UInt8]) { hashes.append(hash) }

    subscript(_ script: RedisScript) -> [UInt8] {
        zip(RedisScript.allCases, hashes).first { $0.0 == script }?.1 ?? []
    }
}
