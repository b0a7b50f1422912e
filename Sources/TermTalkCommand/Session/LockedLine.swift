internal import Sodium

/// A line that grows in locked memory, up to a limit; one that would be longer is no line.
struct LockedLine: ~Copyable {
    private var bytes: SecretBytes
    private var count = 0
    private var isTooLong = false

    init(limit: Int) {
        bytes = SecretBytes(count: limit)
    }

    var isEmpty: Bool { count == 0 && !isTooLong }

    var last: UInt8? {
        guard count > 0 else { return nil }
        let index = count - 1
        return bytes.withBytes { $0[index] }
    }

    mutating func append(_ byte: UInt8) {
        guard count < bytes.count else {
            isTooLong = true
            return
        }
        let index = count
        bytes.withMutableBytes { $0[index] = byte }
        count += 1
    }

    /// Removes the last character of UTF-8, with all its bytes.
    mutating func removeCharacter() {
        while let byte = last {
            count -= 1
            if byte & 0xc0 != 0x80 { return }
        }
    }

    /// Removes the mark (U+FEFF) with which some editors begin a file.
    mutating func removeByteOrderMark() {
        let mark: [UInt8] = [0xEF, 0xBB, 0xBF]
        guard count >= mark.count, bytes.withBytes({ bytes in mark.indices.allSatisfy { bytes[$0] == mark[$0] } })
        else { return }
        count -= mark.count
        let rest = count
        bytes.withMutableBytes { bytes in for index in 0..<rest { bytes[index] = bytes[index + mark.count] } }
    }

    mutating func removeAll() {
        count = 0
        isTooLong = false
    }

    /// The line; nil when it was too long.
    consuming func finish() -> SecretBytes? {
        guard !isTooLong else { return nil }
        let end = count
        return bytes.withBytes { SecretBytes(copying: $0.extracting(..<end)) }
    }
}
