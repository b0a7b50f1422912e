import Wire

/// A node as a tree keeps it: its bytes, which are one allocation, and one reference, so that a copy of the tree costs little.
/// Read as fields, each of its keys, ids and lists would be an allocation of its own, and take more than what is in it.
struct EncodedNode<Node: WireValue>: Equatable, Sendable {
    let bytes: [UInt8]

    init(_ node: Node) {
        let encoded = node.encoded
        var bytes: [UInt8] = []
        // No more than it takes: an array that has grown has room to spare.
        bytes.reserveCapacity(encoded.count)
        bytes += encoded
        self.bytes = bytes
    }

    /// Decoded anew each time.
    var node: Node {
        guard let node = try? Node(decoding: bytes) else { preconditionFailure("what was written can be read") }
        return node
    }
}

extension EncodedNode<LeafNode> {
    /// The key that the member signs with. Whoever has signed is asked for each message: nothing else of the node is decoded for it.
    var signatureKey: [UInt8] {
        var reader = ByteReader(bytes)
        guard (try? reader.readOpaque()) != nil, let key = try? reader.readOpaque() else {
            preconditionFailure("what was written can be read")
        }
        return key
    }
}
