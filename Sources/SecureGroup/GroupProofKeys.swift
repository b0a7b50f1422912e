internal import MLS
internal import Room
internal import Sodium

/// By what a relay's group knows its secrets: an extension of its context, a mark of each one that it has had, the current one's
/// last (docs/protocol.md, "Rooms of a relay"). Whoever comes in is proven by that one; whoever came before keeps the proof that it came with.
struct GroupProofKeys: Equatable {
    /// What is public of a secret: it lets nobody in.
    struct Mark: Equatable {
        /// What checks proofs of it.
        let proofKey: [UInt8]
        /// By it a relay sees of a key for handshakes that it is made from this secret.
        let handshakeHash: [UInt8]
    }

    /// Secrets that a group can have in all: their marks are in everything that tells of the group.
    static let limit = RoomLimits.groupInvites
    /// From the range for private use (RFC 9420 section 17.3).
    static let extensionType = ExtensionType(rawValue: 0xf773)

    let marks: [Mark]

    init(first mark: Mark) {
        marks = [mark]
    }

    private init(marks: [Mark]) {
        self.marks = marks
    }

    /// The content of the extension; nil for what is none.
    init?(data: [UInt8]) {
        guard let parts = GroupTerms.keys(in: data, atMost: 2 * Self.limit), parts.count.isMultiple(of: 2) else {
            return nil
        }
        marks = stride(from: 0, to: parts.count, by: 2).map {
            Mark(proofKey: parts[$0], handshakeHash: parts[$0 + 1])
        }
    }

    var data: [UInt8] { marks.flatMap { $0.proofKey + $0.handshakeHash } }

    /// How often the secret was changed.
    var generation: UInt64 { UInt64(marks.count - 1) }

    /// That of the current secret.
    var current: Mark { marks[marks.count - 1] }

    /// Which of the secrets the key for handshakes is made from; nil for none of them.
    func generation(of handshakeKey: SecretContent) -> UInt64? {
        let hash = GroupSecret.hash(of: handshakeKey)
        return marks.firstIndex { $0.handshakeHash == hash }.map(UInt64.init)
    }

    /// Whether the leaf node's owner knew the secret of its time.
    func haveProven(_ leafNode: LeafNode) -> Bool {
        marks.contains { GroupSecret.isProven(leafNode, by: $0.proofKey) }
    }

    /// With one more secret; nil when there have been too many.
    func renewed(by mark: Mark) -> GroupProofKeys? {
        marks.count < Self.limit ? GroupProofKeys(marks: marks + [mark]) : nil
    }

    /// Whether `next` has one more.
    func mayBecome(_ next: GroupProofKeys) -> Bool {
        next.marks.count == marks.count + 1 && next.marks.starts(with: marks)
    }
}
