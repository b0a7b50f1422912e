/// A number of bytes as written on the command line: `65536`, `64K`, `100M`, `5G`, in units of 1,024.
struct ByteCount {
    let value: Int

    /// Nil for what is no such number, or is too large.
    init?(_ text: String) {
        var digits = Array(text.utf8)
        let shift: Int
        switch digits.last {
        case UInt8(ascii: "K"), UInt8(ascii: "k"): shift = 10
        case UInt8(ascii: "M"), UInt8(ascii: "m"): shift = 20
        case UInt8(ascii: "G"), UInt8(ascii: "g"): shift = 30
        default: shift = 0
        }
        if shift > 0 { digits.removeLast() }
        guard !digits.isEmpty, digits.allSatisfy({ (0x30...0x39).contains($0) }),
            let count = Int(String(decoding: digits, as: UTF8.self)), count <= Int.max >> shift
        else { return nil }
        value = count << shift
    }
}
