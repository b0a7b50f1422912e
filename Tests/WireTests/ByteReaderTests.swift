import Testing
import Wire

@Suite struct ByteReaderTests {
    @Test func readsWhatWasWritten() throws {
        var writer = ByteWriter()
        writer.write(UInt8(1))
        writer.write(UInt16(0x0203))
        writer.write(UInt32(0x0405_0607))
        writer.write(UInt64(0x0809_0a0b_0c0d_0e0f))
        writer.writeVector([1, 2, 3])
        writer.writeUTF8Vector("grüße")
        #expect(Array(writer.bytes.prefix(15)) == Array(1...15))
        var reader = ByteReader(writer.bytes)
        #expect(try reader.readUInt8() == 1)
        #expect(try reader.readUInt16() == 0x0203)
        #expect(try reader.readUInt32() == 0x0405_0607)
        #expect(try reader.readUInt64() == 0x0809_0a0b_0c0d_0e0f)
        #expect(try reader.readVector(atMost: 3) == [1, 2, 3])
        #expect(try reader.readUTF8Vector(atMost: 7) == "grüße")
        try reader.finish()
    }
}
