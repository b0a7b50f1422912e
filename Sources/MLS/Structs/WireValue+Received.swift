internal import Wire

extension WireValue {
    /// A value that is all of `bytes`, with the errors of this target.
    init(received bytes: [UInt8]) throws(MLSError) {
        do throws(WireError) {
            try self.init(decoding: bytes)
        } catch {
            throw .malformed(error)
        }
    }
}
