import TestSupport
import Testing
import Wire

@Suite struct ByteReaderTests {
    /// One value of every kind.
    private static let sample: [UInt8] = {
        var writer = ByteWriter()
        writer.write(UInt8(1))
        writer.write(UInt16(0x0203))
        writer.write(UInt32(0x0405_0607))
        writer.write(UInt64(0x0809_0a0b_0c0d_0e0f))
        writer.writeBytes([16, 17])
        writer.writeVarint(64)
        writer.writeVector([1, 2, 3])
        writer.writeUTF8Vector("grüße")
        return writer.bytes
    }()

    private static func readSample(_ reader: inout ByteReader) throws {
        #expect(try reader.readUInt8() == 1)
        #expect(try reader.readUInt16() == 0x0203)
        #expect(try reader.readUInt32() == 0x0405_0607)
        #expect(try reader.readUInt64() == 0x0809_0a0b_0c0d_0e0f)
        #expect(try reader.readBytes(2) == [16, 17])
        #expect(try reader.readVarint() == 64)
        #expect(try reader.readVector(atMost: 3) == [1, 2, 3])
        #expect(try reader.readUTF8Vector(atMost: 7) == "grüße")
        try reader.finish()
    }

    @Test func encodingIsAsSpecified() {
        #expect(
            hex(Self.sample) == "01" + "0203" + "04050607" + "08090a0b0c0d0e0f" + "1011" + "4040" + "03010203"
                + "076772c3bcc39f65")
    }

    @Test func readsWhatWasWritten() throws {
        var reader = ByteReader(Self.sample)
        #expect(reader.remaining == Self.sample.count)
        try Self.readSample(&reader)
        #expect(reader.remaining == 0)
        // A slice that does not start at index 0.
        var slice = ByteReader(([9, 9] + Self.sample)[2...])
        try Self.readSample(&slice)
    }

    @Test func everyTruncationIsNoticed() {
        for count in 0..<Self.sample.count {
            var reader = ByteReader(Self.sample.prefix(count))
            #expect(throws: WireError.truncated, "\(count) bytes") { try Self.readSample(&reader) }
        }
    }

    @Test func trailingBytesAreNoticed() {
        var reader = ByteReader(Self.sample + [0])
        #expect(throws: WireError.trailingBytes) { try Self.readSample(&reader) }
    }

    @Test(arguments: [0, 1, 63, 64, 16_384]) func vectorsKeepTheirLimit(limit: Int) throws {
        let content = [UInt8](repeating: 7, count: limit)
        var writer = ByteWriter()
        writer.writeVector(content)
        var reader = ByteReader(writer.bytes)
        #expect(try reader.readVector(atMost: limit) == content)

        writer = ByteWriter()
        writer.writeVector(content + [7])
        reader = ByteReader(writer.bytes)
        #expect(throws: WireError.tooLong) { try reader.readVector(atMost: limit) }
        #expect(reader.remaining == writer.bytes.count)
    }

    /// The limit comes first: a peer that announces much and sends nothing learns nothing else.
    @Test func announcedLengthIsCheckedBeforeTheBytes() throws {
        var reader = ByteReader(try bytes(hex: "bfffffff"))
        #expect(throws: WireError.tooLong) { try reader.readVector(atMost: 1000) }
        #expect(throws: WireError.truncated) { try reader.readVector(atMost: .max) }
    }

    @Test(arguments: ["ff", "c0af", "eda080", "f4908080", "c3", "61ff62"])
    func invalidTextIsRefused(text: String) throws {
        var writer = ByteWriter()
        writer.writeVector(try bytes(hex: text))
        var reader = ByteReader(writer.bytes)
        #expect(throws: WireError.invalidUTF8) { try reader.readUTF8Vector(atMost: 10) }
        #expect(reader.remaining == writer.bytes.count)
    }

    @Test func impossibleCountsAreRefused() {
        var reader = ByteReader([1, 2, 3])
        for count in [-1, .min, 4, .max] {
            #expect(throws: WireError.truncated) { try reader.readBytes(count) }
        }
        #expect(reader.remaining == 3)
    }

    /// Any bytes, read in any order: an error or a value, and never more read than there is.
    @Test func randomBytesNeverTrap() {
        var generator = SystemRandomNumberGenerator()
        for _ in 0..<3000 {
            var reader = ByteReader((0..<Int.random(in: 0...80)).map { _ in UInt8.random(in: 0...255) })
            for _ in 0..<20 {
                let before = reader.remaining
                do throws(WireError) {
                    try Self.readAnything(&reader, using: &generator)
                } catch {
                    #expect(reader.remaining == before, "a failed read moves nothing")
                }
                #expect(reader.remaining <= before)
            }
        }
    }

    private static func readAnything(
        _ reader: inout ByteReader, using generator: inout SystemRandomNumberGenerator
    ) throws(WireError) {
        switch Int.random(in: 0..<9, using: &generator) {
        case 0: _ = try reader.readUInt8()
        case 1: _ = try reader.readUInt16()
        case 2: _ = try reader.readUInt32()
        case 3: _ = try reader.readUInt64()
        case 4: _ = try reader.readBytes(Int.random(in: -2...20, using: &generator))
        case 5: _ = try reader.readVarint()
        case 6: _ = try reader.readVector(atMost: Int.random(in: 0...40, using: &generator))
        case 7: _ = try reader.readUTF8Vector(atMost: Int.random(in: 0...40, using: &generator))
        default: try reader.finish()
        }
    }
}
