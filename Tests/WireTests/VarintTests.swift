import TestSupport
import Testing
import Wire

@Suite struct VarintTests {
    /// RFC 9420 section 2.1.2 and the edges between the sizes.
    @Test(arguments: [
        (0, "00"), (37, "25"), (63, "3f"), (64, "4040"), (15_293, "7bbd"), (16_383, "7fff"), (16_384, "80004000"),
        (494_878_333, "9d7f3e7d"), (Varint.maximum, "bfffffff"),
    ])
    func isWrittenAndRead(value: UInt32, encoding: String) throws {
        var writer = ByteWriter()
        writer.writeVarint(value)
        #expect(hex(writer.bytes) == encoding)
        #expect(Varint.byteCount(of: value) == writer.bytes.count)
        var reader = ByteReader(writer.bytes)
        #expect(try reader.readVarint() == value)
        try reader.finish()
        for count in 0..<writer.bytes.count {
            var short = ByteReader(writer.bytes.prefix(count))
            #expect(throws: WireError.truncated) { try short.readVarint() }
            #expect(short.remaining == count)
        }
    }

    @Test(arguments: ["4000", "4025", "403f", "80000000", "80000025", "80003fff"])
    func longerThanNeededIsRefused(encoding: String) throws {
        var reader = ByteReader(try bytes(hex: encoding))
        #expect(throws: WireError.nonMinimalVarint) { try reader.readVarint() }
    }

    @Test(arguments: ["c0", "ff", "c000000000000001"])
    func prefix11IsRefused(encoding: String) throws {
        var reader = ByteReader(try bytes(hex: encoding))
        #expect(throws: WireError.invalidVarint) { try reader.readVarint() }
    }

    @Test func aboveTheMaximumTraps() async {
        await #expect(processExitsWith: .failure) {
            var writer = ByteWriter()
            writer.writeVarint(Varint.maximum + 1)
        }
    }
}
