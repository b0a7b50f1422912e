internal import Files
internal import Room

/// A file that this participant offers, and who has how much of it.
final class OwnFile {
    struct Receiver {
        var bytes: UInt64 = 0
        var isDone = false
        /// When it said something last, or was asked.
        var heardAt: Duration = .zero
        var pace = FilePace()
    }

    /// More receivers than any room has that counts receipts.
    static let receiverLimit = 1_024

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
        return "offered by you; \(done) of \(receivers.count) who asked for it have it"
    }
}
