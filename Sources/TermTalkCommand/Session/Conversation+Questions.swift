internal import Chat
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
        write(["The host of this room is not known. Its key is", "  \(key.text)"])
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
                self?.prompt("Please type 'yes' or 'no': ")
            }
        }
    }

    /// In a window the person says first that it may be asked for: what is typed for another room must not end up in it.
    func askForPassword(_ options: RoomGuest.Options, _ questions: Questions, isAgain: Bool) {
        guard let screen = session.console.screen else { return readPassword(options, questions, isAgain: isAgain) }
        write([isAgain ? "That is not the password of this room." : "This room has a password."])
        ask("Do you want to type it? (yes/no): ") { [weak self, weak screen] answer in
            guard answer?.lowercased().hasPrefix("y") == true else {
                self?.endQuestion()
                self?.ended(.quit, nil)
                return
            }
            screen?.giveAway()
            self?.readPassword(options, questions, isAgain: isAgain)
        }
    }

    private func readPassword(_ options: RoomGuest.Options, _ questions: Questions, isAgain: Bool) {
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
            session.console.screen?.takeBack()
            ended(.lost, error)
        }
    }

    private func ask(_ text: String, answered: @escaping (String?) -> Void) {
        prompt(text)
        begin(.line(answered))
    }

    private func begin(_ question: Question) {
        self.question = question
        stop = { [weak self] in self?.ended(.quit, nil) }
        session.updateInput()
    }

    func endQuestion() {
        if case .secret(let secret) = question {
            secret.cancel()
            session.console.screen?.takeBack()
        }
        question = .none
        session.updateInput()
    }

    private func prompt(_ text: String) {
        guard let screen = session.console.screen else { return session.console.output.prompt(text) }
        screen.ask(text, in: number)
    }

    private func write(_ lines: [String]) {
        guard let screen = session.console.screen else { return session.console.output.write(lines) }
        for line in lines { screen.note(line, in: number) }
    }
}
