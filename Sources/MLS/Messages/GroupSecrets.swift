internal import Sodium
internal import Wire

/// What a Welcome tells one new member in secret (RFC 9420 section 12.4.3.1).
///
///     struct { opaque path_secret<V>; } PathSecret;
///     struct {
///         opaque joiner_secret<V>;
///         optional<PathSecret> path_secret;
///         PreSharedKeyID psks<V>;
///     } GroupSecrets;
struct GroupSecrets: ~Copyable {
    /// Room for two lengths and the mark of the optional.
    private static let lengthsByteCount = 16

    let joinerSecret: SecretBytes
    let pathSecret: SecretBytes?
    let preSharedKeys: [PreSharedKeyID]

    init(joinerSecret: consuming SecretBytes, pathSecret: consuming SecretBytes?, preSharedKeys: [PreSharedKeyID]) {
        self.joinerSecret = joinerSecret
        self.pathSecret = pathSecret
        self.preSharedKeys = preSharedKeys
    }

    init(decoding bytes: borrowing SecretBytes) throws(MLSError) {
        do throws(WireError) {
            self = try Self.read(bytes)
        } catch {
            throw .malformed(error)
        }
    }

    private static func read(_ bytes: borrowing SecretBytes) throws(WireError) -> GroupSecrets {
        var offset = 0
        let joinerSecret = try bytes.readVector(at: &offset)
        var pathSecret: SecretBytes?
        switch try bytes.readPublic(1, at: &offset).first {
        case 0: break
        case 1: pathSecret = try bytes.readVector(at: &offset)
        default: throw .invalidValue
        }
        var rest = ByteReader(try bytes.readPublic(bytes.count - offset, at: &offset))
        let preSharedKeys: [PreSharedKeyID] = try rest.readList()
        try rest.finish()
        return GroupSecrets(joinerSecret: joinerSecret, pathSecret: pathSecret, preSharedKeys: preSharedKeys)
    }

    func encoded() -> SecretBytes {
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
