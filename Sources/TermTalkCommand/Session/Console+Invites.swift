internal import Chat
import Glibc
internal import TerminalUI

// Invites, in the form that the person asked for.

extension Console {
    func give(_ invite: String, as form: InviteForm, in window: Int) {
        do throws(ChatEvent.Notice) {
            switch form {
            case .text: show(.invite(invite), in: window)
            case .line: screen?.showPlainly(invite)
            case .code:
                let isOnTerminal = screen != nil || isatty(STDERR_FILENO) == 1
                let colours = hasColour && isOnTerminal ? TerminalDevice.colourCount : 0
                let rows = try QRCode.rows(
                    for: invite, ink: colours >= 8 ? .colours(colours) : .none,
                    size: isOnTerminal ? TerminalAbilities.size : nil,
                    spare: screen == nil ? 1 : FullScreen.rowsOfWayBack)
                if let screen { screen.showCode(rows) } else { output.write(rows) }
            case .copy:
                try copy(invite, in: window)
            }
        } catch {
            show(.error(error), in: window)
        }
    }

    private func copy(_ invite: String, in window: Int) throws(ChatEvent.Notice) {
        guard !common.noClipboard else {
            throw ChatEvent.Notice(
                .notPermitted, "the invite was not copied: the clipboard is switched off",
                hint: "--no-clipboard, or no-clipboard in the configuration, did it")
        }
        guard TerminalDevice.hasClipboard, send(Clipboard.sequence(for: invite)) else {
            throw ChatEvent.Notice(
                .terminalUnsuitable, "the invite was not copied: there is no terminal that has a clipboard",
                hint: "/invite shows it")
        }
        let tmux = TerminalDevice.isInTmux ? "; tmux takes it with 'set -g set-clipboard on' only" : ""
        show(.help(["the invite was given to the terminal's clipboard (OSC 52)\(tmux)"]), in: window)
    }

    /// Whether there is a terminal that the sequence could be written to.
    private func send(_ sequence: String) -> Bool {
        guard let screen else { return TerminalDevice.write(sequence) }
        screen.send(sequence)
        return true
    }
}
