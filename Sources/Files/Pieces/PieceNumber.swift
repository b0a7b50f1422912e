/// A piece of a file, or of the list of its hashes.
package struct PieceNumber: Hashable, Sendable {
    private static let listFlag: UInt32 = 1 << 31

    /// As on the wire: the high bit marks the list.
    let rawValue: UInt32

    init(rawValue: UInt32) {
        self.rawValue = rawValue
    }

    /// The piece of the file's data that begins at byte `index` * ``FileFormat/pieceByteCount``.
    package static func data(_ index: UInt32) -> PieceNumber { PieceNumber(rawValue: index & ~listFlag) }

    /// That part of the list of hashes.
    package static func list(_ index: UInt32) -> PieceNumber { PieceNumber(rawValue: index | listFlag) }

    package var isList: Bool { rawValue & Self.listFlag != 0 }
    package var index: UInt32 { rawValue & ~Self.listFlag }
}
