import ArgumentParser
internal import Chat
internal import EventLoop
internal import TermTalk
internal import TerminalUI

// One more room, in a window of its own.

extension ChatSession {
    /// Goes into a room, by the arguments that `join` takes. What stands before the options names the room: an invite may be
    /// wrapped, or have words around it.
    func openWindow(joining words: [String], from conversation: Conversation) {
        let name = words.prefix { !$0.hasPrefix("--") }
        let arguments = words.dropFirst(name.count) + (name.isEmpty ? [] : ["--", name.joined(separator: " ")])
        guard let command = parse(JoinCommand.self, Array(arguments), from: conversation),
            let opened = openWindow(of: command.common, command.refusedInWindow, from: conversation)
        else { return }
        // The registry is a file, which may hang.
        loop.offload(within: UserDirectories.diskPatience) {
            RoomRegistry(directories: UserDirectories()).rooms(now: WallTime.seconds)
        } then: { [weak self] found in
            guard let self, !opened.conversation.isOver else { return }
            let known = found?.0 ?? []
            self.begin(opened.conversation) { conversation throws(ChatEvent.Notice) in
                let options = try command.options(opened.context) { known }
                conversation.join(options, command.place.questions(self.context.settings))
            }
        }
    }

    /// Opens a room, by the options that `host` takes.
    func openWindow(hosting words: [String], from conversation: Conversation) {
        guard let command = parse(HostCommand.self, words, from: conversation),
            let opened = openWindow(of: command.common, command.refusedInWindow, from: conversation)
        else { return }
        begin(opened.conversation) { conversation throws(ChatEvent.Notice) in
            conversation.host(try command.options(opened.context), showsCode: command.qr)
        }
    }

    private func begin(
        _ conversation: Conversation, _ body: (Conversation) throws(ChatEvent.Notice) -> Void
    ) {
        do throws(ChatEvent.Notice) {
            try body(conversation)
        } catch {
            conversation.ended(.lost, error)
        }
    }

    private func parse<Command: ParsableCommand>(
        _ type: Command.Type, _ words: [String], from conversation: Conversation
    ) -> Command? {
        do {
            return try type.parse(words)
        } catch {
            let reason = Command.message(for: error).prefix { !$0.isNewline }
            conversation.refuse(
                .usage, "no window was opened: \(Sanitizer.sanitize(String(reason), as: .line))",
                hint: "it takes the options of termtalk \(Command.configuration.commandName ?? "")")
            return nil
        }
    }

    private func openWindow(
        of options: CommonOptions, _ refused: String?, from conversation: Conversation
    ) -> (conversation: Conversation, context: OpeningContext)? {
        guard let screen = console.screen else {
            refuseWindows(conversation)
            return nil
        }
        do throws(ChatEvent.Notice) {
            if let option = refused ?? options.refusedInWindow {
                throw ChatEvent.Notice(
                    .usage, "no window was opened: \(option) is for a program of its own",
                    hint: "run termtalk with it in another terminal")
            }
            guard let number = screen.freeNumber else {
                throw ChatEvent.Notice(
                    .notPermitted, "no window was opened: there are \(ScreenWindows.maximumCount)",
                    hint: "/close closes one")
            }
            let context = try context.another(options)
            screen.open(number)
            return (begin(as: .talks, number: number), context)
        } catch {
            conversation.show(.error(error))
            return nil
        }
    }

    /// Shows a window, or lists them.
    func goToWindow(_ number: Int?, from conversation: Conversation) {
        guard let screen = console.screen else { return refuseWindows(conversation) }
        guard let number else { return conversation.answer(screen.list) }
        guard screen.show(window: number) else {
            return conversation.refuse(.usage, "there is no window \(number)", hint: "/window lists them")
        }
    }

    func refuseWindows(_ conversation: Conversation) {
        conversation.refuse(
            .usage, "only the full screen has windows",
            hint: "for another room run termtalk again; /quit leaves this one")
    }
}

extension CommonOptions {
    /// What is said for a whole program, and not for a room; nil when nothing of it is said.
    fileprivate var refusedInWindow: String? {
        if json { return "--json" }
        if plain { return "--plain" }
        if noColor { return "--no-color" }
        if noClipboard { return "--no-clipboard" }
        if mouseFlag != nil { return "--mouse" }
        if bell != nil { return "--bell" }
        if notify != nil || notifyText { return "--notify" }
        if logLevel != nil { return "--log-level" }
        return configuration.config == nil ? nil : "--config"
    }
}

extension JoinCommand {
    /// What would be read from the terminal, or from a file that may hang; a password is asked for where one is needed.
    fileprivate var refusedInWindow: String? {
        if room == "-" { return "-" }
        if place.inviteFile != nil { return "--invite-file" }
        if place.registry.registryPasswordFile != nil { return "--registry-password-file" }
        return place.secret.refusedInWindow
    }
}

extension HostCommand {
    fileprivate var refusedInWindow: String? {
        if headless { return "--headless" }
        if operation.registry.registryPasswordFile != nil { return "--registry-password-file" }
        return persist.persist == nil ? secret.refusedInWindow : "--persist"
    }
}

extension PasswordOptions {
    fileprivate var refusedInWindow: String? {
        if password { return "--password" }
        return passwordFile == nil ? nil : "--password-file"
    }
}
