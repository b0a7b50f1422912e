internal import Room
internal import Sodium
internal import TermTalk

// Questions to the person between two tries to come into a room. The loop goes on, so that signals end them.

extension Conversation {
    /// What the person is asked now.
    enum Question {
        case none
        /// The next line of input is the answer; nil is its end.
        case line((String?) -> Void)
        case secret(SecretQuestion)
    }

    func askAboutHost(
        _ key: X25519.PublicKey, _ options: RoomGuest.Options, _ questions: Questions,
        ending: (ChatEvent.CloseReason, ChatEvent.Notice?)
    ) {
        session.console.output.write(["The host of this room is not known. Its key is", "  \(key.text)"])
        ask("Does the host say the same, over another channel? (yes/no): ") { [weak self] answer in
            switch answer?.lowercased().filter({ !$0.isWhitespace }) {
            case "yes"?, "y"?:
                var again = options
                again.hostKey = key
                again.remembersHostKey = true
                self?.endQuestion()
                self?.join(again, Questions(hostKey: false, passwords: questions.passwords))
            case "no"?, "n"?, nil:
                self?.endQuestion()
                self?.ended(ending.0, ending.1)
            default:
                self?.session.console.output.prompt("Please type 'yes' or 'no': ")
            }
        }
    }

    func askForPassword(_ options: RoomGuest.Options, _ questions: Questions, isAgain: Bool) {
        do throws(ChatEvent.Notice) {
            let text = isAgain ? "That is not the password. Once more: " : "Password of the room: "
            let secret = try SecretQuestion(text, loop: session.loop) { [weak self] result in
                self?.endQuestion()
                switch result {
                case .success(let password):
                    var again = options
                    again.password = password
                    self?.join(again, Questions(hostKey: questions.hostKey, passwords: (questions.passwords ?? 0) + 1))
                case .failure(let notice):
                    self?.ended(.lost, notice)
                }
            }
            begin(.secret(secret))
        } catch {
            ended(.lost, error)
        }
    }

    private func ask(_ text: String, answered: @escaping (String?) -> Void) {
        session.console.output.prompt(text)
        begin(.line(answered))
    }

    private func begin(_ question: Question) {
        self.question = question
        stop = { [weak self] in self?.ended(.quit, nil) }
        session.updateInput()
    }

    func endQuestion() {
        if case .secret(let secret) = question { secret.cancel() }
        question = .none
        session.updateInput()
    }
}
