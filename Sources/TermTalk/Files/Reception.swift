internal import Files
internal import Room

/// A file that is being fetched: what it still needs, where it is written, and what has come and is not written.
final class Reception {
    let part: PartFile
    var transfer: IncomingFile
    /// What was fetched before and may be the same; nil when it is not.
    var known: (file: OpenDescriptor, path: String)?
    /// Pieces that wait to be opened, proven and written.
    var arrived: [PieceFrame] = []
    /// Whether a thread is at work for it.
    var isWorking = false
    /// Whether a thread begins at the end of the turn.
    var isWorkDue = false
    var pace = FilePace()
    var lastArrival: Duration
    let beganAt: Duration
    /// When the sender was told last how far it is.
    var toldAt: Duration = .zero

    init(_ offer: FileOffer, part: PartFile, now: Duration) {
        self.part = part
        transfer = IncomingFile(offer)
        lastArrival = now
        beganAt = now
    }
}
