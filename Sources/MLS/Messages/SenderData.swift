internal import Wire

/// Who sealed a PrivateMessage, and with which key (RFC 9420 section 6.3.2).
struct SenderData: WireValue {
    /// The length of a reuse guard in bytes.
    static let reuseGuardByteCount = 4

    let leaf: LeafIndex
    let generation: UInt32
    /// Combined with the nonce, in case a restored state uses a generation twice.
    let reuseGuard: [UInt8]

    init(leaf: LeafIndex, generation: UInt32, reuseGuard: [UInt8]) {
        self.leaf = leaf
        self.generation = generation
        self.reuseGuard = reuseGuard
    }

    init(from reader: inout ByteReader) throws(WireError) {
        leaf = try LeafIndex(from: &reader)
        generation = try reader.readUInt32()
        reuseGuard = try reader.readBytes(Self.reuseGuardByteCount)
    }

    func write(to writer: inout ByteWriter) {
        leaf.write(to: &writer)
        writer.write(generation)
        writer.writeBytes(reuseGuard)
    }
}
