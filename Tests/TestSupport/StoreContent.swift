/// What the tests of a store, and the program that they kill, write under a number: the same in each run.
package enum StoreContent {
    package static func input(_ number: UInt64) -> [UInt8] {
        bytes("input", number, count: Int(number * 37 % 700))
    }

    package static func entry(_ number: UInt64) -> [UInt8] {
        bytes("entry", number, count: Int(number * 53 % 900))
    }

    /// Of several pages now and then.
    package static func snapshot(_ number: UInt64) -> [UInt8] {
        bytes("snapshot", number, count: Int(number * 71 % 20_000))
    }

    private static func bytes(_ what: String, _ number: UInt64, count: Int) -> [UInt8] {
        Array("\(what) \(number) ".utf8) + [UInt8](repeating: UInt8(truncatingIfNeeded: number), count: count)
    }
}
