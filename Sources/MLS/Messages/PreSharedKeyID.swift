package import Wire

/// Names a pre-shared key (RFC 9420 section 8.4).
///
///     struct {
///         PSKType psktype;
///         select (PreSharedKeyID.psktype) {
///             case external:   opaque psk_id<V>;
///             case resumption: ResumptionPSKUsage usage; opaque psk_group_id<V>; uint64 psk_epoch;
///         };
///         opaque psk_nonce<V>;
///     } PreSharedKeyID;
package struct PreSharedKeyID: WireValue {
    /// Where the key comes from.
    package enum Source: Hashable, Sendable {
        /// From outside of MLS, under a name of the application.
        case external(identifier: [UInt8])
        /// From an epoch of a group.
        case resumption(ResumptionUsage, groupID: [UInt8], epoch: UInt64)
    }

    /// What a key of an epoch is used for.
    package enum ResumptionUsage: UInt8, Hashable, Sendable {
        case application = 1
        case reInit = 2
        case branch = 3
    }

    package var source: Source
    /// New for each use: as long as a hash.
    var nonce: [UInt8]

    package init(source: Source, nonce: [UInt8]) {
        self.source = source
        self.nonce = nonce
    }

    package init(from reader: inout ByteReader) throws(WireError) {
        switch try reader.readUInt8() {
        case 1:
            source = .external(identifier: try reader.readOpaque())
        case 2:
            guard let usage = ResumptionUsage(rawValue: try reader.readUInt8()) else { throw .invalidValue }
            source = .resumption(usage, groupID: try reader.readOpaque(), epoch: try reader.readUInt64())
        default:
            throw .invalidValue
        }
        nonce = try reader.readOpaque()
    }

    package func write(to writer: inout ByteWriter) {
        switch source {
        case .external(let identifier):
            writer.write(1 as UInt8)
            writer.writeVector(identifier)
        case .resumption(let usage, let groupID, let epoch):
            writer.write(2 as UInt8)
            writer.write(usage.rawValue)
            writer.writeVector(groupID)
            writer.write(epoch)
        }
        writer.writeVector(nonce)
    }
}
