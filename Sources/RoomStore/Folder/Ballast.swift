import Glibc

/// Space that a store holds in reserve in a file of zeros: on a full disk neither a checkpoint nor deleting can be written
/// without some.
struct Ballast: Sendable {
    static let name = "ballast"
    /// Enough for a small room's checkpoint, and for deleting the rows that it makes superfluous a few at a time.
    static let minimumByteCount = 4 << 20

    let folder: StoreFolder

    /// Gives the space back; false when there was none.
    func release() -> Bool { folder.remove(Self.name) }

    /// Holds enough for a checkpoint whose snapshot is as long as this one: it stands in the log and in the database for a time.
    ///
    /// - Returns: whether there was space for it.
    func hold(forSnapshot byteCount: Int = 0) -> Bool {
        folder.fill(Self.name, byteCount: max(Self.minimumByteCount, 2 * byteCount + Self.minimumByteCount / 2))
    }
}
