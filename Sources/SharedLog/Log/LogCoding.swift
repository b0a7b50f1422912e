/// How entries and snapshots are written for the store, which can read none of it.
package protocol LogCoding: ~Copyable {
    func seal(_ entry: LogEntry) -> [UInt8]
    /// Nil when nobody of the room has made it.
    func openEntry(_ bytes: [UInt8]) -> LogEntry?
    func seal(_ snapshot: LogSnapshot) -> [UInt8]
    /// Nil when nobody of the room has made it.
    func openSnapshot(_ bytes: [UInt8]) -> LogSnapshot?
    /// The head behind an entry as it stands in the store.
    func head(after head: LogHead, _ position: LogPosition, _ bytes: [UInt8]) -> LogHead
}
