internal import Chat
internal import Files

/// A file that this participant offers, and who has how much of it.
final class OwnFile {
    struct Receiver {
        var bytes: UInt64 = 0
        var isDone = false
        /// It does not want it (any more), or cannot take it.
        var hasEnded = false
        /// How often it has ended it.
        var endCount = 0
        /// When it said something last, or was asked.
        var heardAt: Duration = .zero
        var pace = FilePace()
    }

    /// More receivers than any room has that counts receipts.
    static let receiverLimit = 1_024
    /// Whoever has ended it so often gets no more of it, and people hear no more of that.
    static let endLimit = 32

    let file: FileNews.File
    let source: SourceFile
    var state: OutgoingFile
    var receivers: [UInt32: Receiver] = [:]

    init(_ file: FileNews.File, source: SourceFile, state: OutgoingFile) {
        self.file = file
        self.source = source
        self.state = state
    }

    var text: String {
        let done = receivers.values.count { $0.isDone }
        return "offered by you; \(done) of \(receivers.values.count { !$0.hasEnded }) who asked for it have it"
    }
}
