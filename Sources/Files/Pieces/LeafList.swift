/// The hashes of all pieces of a file's data, 32 bytes each, one after the other.
package struct LeafList: Sendable, Equatable {
    package private(set) var bytes: [UInt8] = []

    package init() {}

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
    }

    mutating func reserve(pieces: UInt32) {
        bytes.reserveCapacity(Int(pieces) * FileFormat.leafByteCount)
    }

    package mutating func append(_ leaf: [UInt8]) {
        precondition(leaf.count == FileFormat.leafByteCount)
        bytes.append(contentsOf: leaf)
    }

    mutating func append(_ next: LeafList) {
        bytes += next.bytes
    }

    package var count: UInt32 { UInt32(clamping: bytes.count / FileFormat.leafByteCount) }

    /// Where the hash of that piece stands in `bytes`; nil when there is no such piece.
    package func range(of index: UInt32) -> Range<Int>? {
        guard index < count else { return nil }
        let start = Int(index) * FileFormat.leafByteCount
        return start..<start + FileFormat.leafByteCount
    }

    /// What that piece of the list holds.
    func page(_ index: UInt32) -> [UInt8] {
        let start = min(Int(index) * FileFormat.pieceByteCount, bytes.count)
        return Array(bytes[start..<min(start + FileFormat.pieceByteCount, bytes.count)])
    }
}
