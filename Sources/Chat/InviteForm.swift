/// How an invite is given to the person.
package enum InviteForm: Sendable, Equatable {
    case text
    /// Alone on the terminal, as one line.
    case line
    /// As a QR code that a phone can read.
    case code
    /// To the clipboard of the terminal.
    case copy
}
