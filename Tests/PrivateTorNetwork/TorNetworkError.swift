import Foundation

/// Why the private network, or one tor of it, cannot be used.
package struct TorNetworkError: Error, CustomStringConvertible {
    /// What failed and, where there is one, the tail of tor's log.
    package let description: String

    init(_ description: String) {
        self.description = description
    }

    /// The failure of a system call, with the reason that `errno` gives.
    static func system(_ call: String) -> TorNetworkError {
        let code = errno
        return TorNetworkError("\(call): \(String(cString: strerror(code)))")
    }
}
