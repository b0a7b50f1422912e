/// The sizes that frames have on the wire after the handshake.
enum Padding {
    /// What a frame carries besides records: length, payload header, Noise tag.
    static let overhead = SessionProtocol.lengthByteCount + SessionProtocol.payloadHeaderByteCount + 16

    /// Bytes of records that fit into the largest bucket.
    static let largestContent = (SessionProtocol.smallestBucket << SessionProtocol.largestBucketShift) - overhead

    /// As many zeros as the largest bucket has bytes: copying them is faster than making them one by one.
    static let zeros = [UInt8](
        repeating: 0, count: SessionProtocol.smallestBucket << SessionProtocol.largestBucketShift)

    /// The smallest bucket, in bytes of the whole frame, that holds `content` bytes of records.
    static func bucket(for content: Int) -> Int {
        precondition(content <= largestContent, "the packer stops at the largest bucket")
        var bucket = SessionProtocol.smallestBucket
        while bucket - overhead < content {
            bucket <<= 1
        }
        return bucket
    }

    /// Whether a frame's declared length is that of a bucket.
    static func isBucket(frameLength: Int) -> Bool {
        let whole = frameLength + SessionProtocol.lengthByteCount
        let (quotient, remainder) = whole.quotientAndRemainder(dividingBy: SessionProtocol.smallestBucket)
        return remainder == 0 && quotient.nonzeroBitCount == 1 && quotient <= 1 << SessionProtocol.largestBucketShift
    }
}
