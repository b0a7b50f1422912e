internal import Chat
import Glibc

/// Why nothing more can be written to stdout.
enum OutputFault: Equatable {
    /// Whoever read it is gone: nobody wants more.
    case readerGone
    case unwritable(Int32)

    init(_ error: Int32) {
        self = error == EPIPE ? .readerGone : .unwritable(error)
    }

    /// What is told on stderr.
    var notice: ChatEvent.Notice {
        switch self {
        case .readerGone:
            .init(.outputGone, "the stay in the room ends: nobody reads the output any more")
        case .unwritable(let error) where [ENOSPC, EDQUOT, EFBIG].contains(error):
            .init(
                .noSpace, "the output cannot be written: there is no space left",
                hint: "what was written before is whole; make room, or write somewhere else")
        case .unwritable(let error):
            .init(
                .outputUnwritable,
                "the output cannot be written: \(error == EBADF ? "it is closed" : unsafe String(cString: strerror(error)))",
                hint: "what was written before is whole")
        }
    }
}
