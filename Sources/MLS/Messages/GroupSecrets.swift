package import Sodium
internal import Wire

/// What a Welcome tells one new member in secret (RFC 9420 section 12.4.3.1).
///
///     struct { opaque path_secret<V>; } PathSecret;
///     struct {
///         opaque joiner_secret<V>;
///         optional<PathSecret> path_secret;
///         PreSharedKeyID psks<V>;
///     } GroupSecrets;
package struct GroupSecrets: ~Copyable {
    /// Room for two lengths and the mark of the optional.
    private static let lengthsByteCount = 16

    package let joinerSecret: SecretBytes
    package let pathSecret: SecretBytes?
    package let preSharedKeys: [PreSharedKeyID]

    init(joinerSecret: consuming SecretBytes, pathSecret: consuming SecretBytes?, preSharedKeys: [PreSharedKeyID]) {
        self.joinerSecret = joinerSecret
        self.pathSecret = pathSecret
        self.preSharedKeys = preSharedKeys
    }

    package init(decoding bytes: borrowing SecretBytes) throws(MLSError) {
        do throws(WireError) {
            var offset = 0
            joinerSecret = try bytes.readVector(at: &offset)
            switch try bytes.readPublic(1, at: &offset).first {
            case 0: pathSecret = nil
            case 1: pathSecret = try bytes.readVector(at: &offset)
            default: throw .invalidValue
            }
            var rest = ByteReader(try bytes.readPublic(bytes.count - offset, at: &offset))
            preSharedKeys = try rest.readList()
            try rest.finish()
        } catch {
            throw .malformed(error)
        }
    }

    package func encoded() -> SecretBytes {
        let identifiers = {
            var writer = ByteWriter()
            writer.writeList(preSharedKeys)
            return writer.bytes
        }()
        let pathByteCount =
            switch pathSecret {
            case .some(let pathSecret): pathSecret.count
            case .none: 0
            }
        var pieces = SecretWriter(
            capacity: joinerSecret.count + pathByteCount + identifiers.count + Self.lengthsByteCount)
        pieces.writeVector(joinerSecret)
        switch pathSecret {
        case .some(let pathSecret):
            pieces.write([1])
            pieces.writeVector(pathSecret)
        case .none:
            pieces.write([0])
        }
        pieces.write(identifiers)
        return pieces.finish()
    }
}
