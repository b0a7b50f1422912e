internal import Chat
internal import Files

/// A file that somebody offers, and what this participant has made of it.
final class OfferedFile {
    enum Stage {
        /// Nobody has asked for it; or it has failed, and can be accepted again.
        case open
        /// It is fetched when its turn comes.
        case accepted(folder: String?)
        /// Its part file is being opened.
        case opening(folder: String?)
        case running(Reception)
        case done(path: String)
        case declined
    }

    let file: FileNews.File
    let offer: FileOffer
    var stage = Stage.open
    /// Where its part file is; nil when there is none.
    var part: PartFile.Place?
    /// Since when it waits for its turn.
    var waitsSince: Duration = .zero
    /// It gave way to another file, and its sender has not been heard since.
    var isSuspended = false
    /// How often it has given way.
    var suspensions = 0

    init(_ file: FileNews.File, _ offer: FileOffer) {
        self.file = file
        self.offer = offer
    }

    var sender: UInt32 { file.from.wireValue }

    var reception: Reception? {
        if case .running(let reception) = stage { reception } else { nil }
    }

    /// Whether it is being fetched, or is about to be.
    var isOnItsWay: Bool {
        switch stage {
        case .opening, .running: true
        case .open, .accepted, .done, .declined: false
        }
    }

    /// Whether both would write the same part file.
    func isTwin(of other: OfferedFile) -> Bool {
        self !== other && offer.size == other.offer.size && offer.name == other.offer.name
    }

    /// For people.
    var state: String {
        switch stage {
        case .open: "offered"
        case .accepted, .opening: "waiting"
        case .running(let reception): "\(FileSize.text(reception.transfer.byteCount)) of \(FileSize.text(file.size))"
        case .done(let path): "done: \(path)"
        case .declined: "declined"
        }
    }
}
