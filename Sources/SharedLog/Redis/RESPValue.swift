/// A value of RESP2, the protocol of Redis.
package enum RESPValue: Hashable, Sendable {
    case text([UInt8])
    case error([UInt8])
    case integer(Int64)
    /// Nil for "there is none".
    case bytes([UInt8]?)
    case array([RESPValue]?)

    /// What a command is: an array of byte strings.
    package static func command(_ words: [[UInt8]]) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(words.reduce(16) { $0 + $1.count + 16 })
        bytes += Array("*\(words.count)\r\n".utf8)
        for word in words {
            bytes += Array("$\(word.count)\r\n".utf8)
            bytes += word
            bytes += [UInt8(ascii: "\r"), UInt8(ascii: "\n")]
        }
        return bytes
    }

    /// Shows who we are.
    static func authentication(user: String?, password: [UInt8]) -> [UInt8] {
        command([Array("AUTH".utf8)] + (user.map { [Array($0.utf8)] } ?? []) + [password])
    }
}
