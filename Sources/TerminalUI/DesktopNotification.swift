/// A notification of the desktop, which some terminals show when a program asks for it by an escape sequence. Nothing tells
/// whether this one does.
package enum DesktopNotification {
    /// Which sequence a terminal understands.
    package enum Form: String, Sendable, CaseIterable {
        /// iTerm2, ConEmu, Windows Terminal and others.
        case osc9
        /// rxvt, foot, ghostty, wezterm, VTE.
        case osc777
        /// kitty.
        case osc99
    }

    /// What shows `text`, which is sanitized, under the name of the program.
    ///
    /// - Parameter isInTmux: whether tmux has to be asked to hand it on; it does where `allow-passthrough` is set.
    package static func sequence(for text: String, as form: Form, isInTmux: Bool) -> String {
        // A semicolon would begin another field.
        let line = Sanitizer.sanitize(text, as: .line).map { $0 == ";" ? "," : String($0) }.joined()
        let sequence =
            switch form {
            case .osc9: "\u{1B}]9;TermTalk: \(line)\u{07}"
            case .osc777: "\u{1B}]777;notify;TermTalk;\(line)\u{07}"
            case .osc99: "\u{1B}]99;i=termtalk:d=0;TermTalk\u{1B}\\\u{1B}]99;i=termtalk:p=body;\(line)\u{1B}\\"
            }
        guard isInTmux else { return sequence }
        return "\u{1B}Ptmux;\(sequence.replacing("\u{1B}", with: "\u{1B}\u{1B}"))\u{1B}\\"
    }
}
