/// Why bytes are no snapshot of a room that can go on here.
package enum SnapshotError: Error, Equatable, Sendable {
    /// They are not what was written, or contradict themselves.
    case damaged
    /// They have another form, of this version.
    case otherVersion(UInt8)
    /// The room is a relay's, and the options are not, or the other way round.
    case otherKind
}
