/// Why nothing more of a file comes, or is wanted. An unknown value is read as `unspecified`.
package enum FileEnd: UInt8, Sendable {
    case unspecified = 0
    /// The receiver has all of it, and has proven it.
    case complete
    /// The receiver does not want it (any more).
    case declined
    /// The sender does not offer it (any more).
    case withdrawn
    /// The file is not any more what was offered.
    case changed
    /// The sender cannot read it.
    case unreadable
    /// The receiver cannot write it.
    case unwritable
    /// The host passes on no files, or none that are as large.
    case tooLarge
    /// The sender has had the host pass on as much as it may for now.
    case tooMuch
    /// The sender, or the receiver, is not in the room.
    case gone
    /// The receiver fetches other files first, and goes on later.
    case paused
}
