import Glibc

/// A file or folder that is open, and is closed when nothing holds this any more.
final class OpenDescriptor: Sendable {
    let number: Int32

    /// Nil for -1.
    init?(_ number: Int32) {
        guard number >= 0 else { return nil }
        self.number = number
    }

    deinit {
        close(number)
    }
}
