internal import MLS

/// By what proofs of a relay's group are checked: an extension of its context, the public key of each secret that the group
/// has had, the current one's last (docs/protocol.md, "Rooms of a relay"). Who comes in is proven by that one; who came before
/// keeps the proof that it came with.
struct GroupProofKeys: Equatable {
    /// Secrets that a group can have in all: their keys are in everything that tells of the group.
    static let limit = 16
    /// From the range for private use (RFC 9420 section 17.3).
    static let extensionType = ExtensionType(rawValue: 0xf773)

    let keys: [[UInt8]]

    init(first key: [UInt8]) {
        keys = [key]
    }

    private init(keys: [[UInt8]]) {
        self.keys = keys
    }

    /// The content of the extension; nil for what is none.
    init?(data: [UInt8]) {
        guard let keys = GroupTerms.keys(in: data, atMost: Self.limit) else { return nil }
        self.keys = keys
    }

    var data: [UInt8] { keys.flatMap(\.self) }

    /// How often the secret was changed.
    var generation: UInt64 { UInt64(keys.count - 1) }

    /// The one of the current secret.
    var current: [UInt8] { keys[keys.count - 1] }

    /// Whether the leaf node's owner knew the secret of its time.
    func haveProven(_ leafNode: LeafNode) -> Bool {
        keys.contains { GroupSecret.isProven(leafNode, by: $0) }
    }

    /// With one more secret; nil when there have been too many.
    func renewed(by key: [UInt8]) -> GroupProofKeys? {
        keys.count < Self.limit ? GroupProofKeys(keys: keys + [key]) : nil
    }

    /// Whether `next` has one more.
    func mayBecome(_ next: GroupProofKeys) -> Bool {
        next.keys.count == keys.count + 1 && next.keys.starts(with: keys)
    }
}
