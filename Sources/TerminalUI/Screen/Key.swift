/// What was pressed, by what it means to a line editor and a screen.
package enum Key: Hashable, Sendable {
    case text(String)
    /// Several characters at once, newlines included: bracketed paste.
    case paste(String)
    case enter
    /// A line break inside the message.
    case newline
    case tab, backTab
    case backspace, delete
    case left, right, wordLeft, wordRight
    case home, end
    case up, down
    case pageUp, pageDown
    case deleteWordBack, deleteWordForward
    case killToEnd, killToStart, yank
    case redraw
    /// ^D.
    case endOfInput
    case help, showInvite
    /// The invite to the terminal's clipboard.
    case copyInvite
    /// The invite as a QR code.
    case showCode
    case escape
    /// Show or hide the member list.
    case toggleMembers
    case wheelUp, wheelDown
    /// Alt and a digit from 1.
    case window(Int)
}
