internal import Sodium
internal import Wire

/// Data for one member alone, which RFC 9420 does not know: encrypted to the receiver's leaf key (HPKE) and signed by the
/// sender's leaf.
///
///     struct {
///         uint64 epoch;
///         uint32 sender;
///         uint32 receiver;
///         opaque kem_output<V>;
///         opaque ciphertext<V>;
///         /* SignWithLabel(., "PrivateText", PrivateTextTBS) */
///         opaque signature<V>;
///     } PrivateText;
///
///     struct {
///         opaque group_id<V>;
///         uint64 epoch;
///         uint32 sender;
///         uint32 receiver;
///         opaque authenticated_data<V>;
///     } PrivateTextContext;    /* context of EncryptWithLabel(., "PrivateText", ...) */
///
///     struct {
///         PrivateTextContext context;
///         opaque kem_output<V>;
///         opaque ciphertext<V>;
///     } PrivateTextTBS;
struct PrivateText: WireValue {
    static let label = "PrivateText"

    var epoch: UInt64
    var sender: LeafIndex
    var receiver: LeafIndex
    var kemOutput: [UInt8]
    var ciphertext: [UInt8]
    var signature: [UInt8] = []

    init(epoch: UInt64, sender: LeafIndex, receiver: LeafIndex, kemOutput: [UInt8], ciphertext: [UInt8]) {
        self.epoch = epoch
        self.sender = sender
        self.receiver = receiver
        self.kemOutput = kemOutput
        self.ciphertext = ciphertext
    }

    init(from reader: inout ByteReader) throws(WireError) {
        epoch = try reader.readUInt64()
        sender = try LeafIndex(from: &reader)
        receiver = try LeafIndex(from: &reader)
        kemOutput = try reader.readOpaque()
        ciphertext = try reader.readOpaque()
        signature = try reader.readOpaque()
    }

    func write(to writer: inout ByteWriter) {
        writer.write(epoch)
        sender.write(to: &writer)
        receiver.write(to: &writer)
        writer.writeVector(kemOutput)
        writer.writeVector(ciphertext)
        writer.writeVector(signature)
    }

    static func context(
        groupID: [UInt8], epoch: UInt64, sender: LeafIndex, receiver: LeafIndex, authenticatedData: [UInt8]
    ) -> [UInt8] {
        var writer = ByteWriter()
        writer.writeVector(groupID)
        writer.write(epoch)
        sender.write(to: &writer)
        receiver.write(to: &writer)
        writer.writeVector(authenticatedData)
        return writer.bytes
    }

    func toBeSigned(context: [UInt8]) -> [UInt8] {
        var writer = ByteWriter(reserving: context.count + ciphertext.count + 64)
        writer.writeBytes(context)
        writer.writeVector(kemOutput)
        writer.writeVector(ciphertext)
        return writer.bytes
    }
}
