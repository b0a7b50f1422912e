package import Chat
internal import EventLoop
internal import Files
internal import Room
internal import SecureSession

// Files that this member passes to others, and gets from them.

extension MemberNode {
    func beginFiles(_ options: FileOptions) {
        let owner = FileExchange.Owner(
            send: { [weak self] in self?.files.send($0) }, room: { [weak self] in self?.files.room ?? 0 },
            offer: { [weak self] offer, receiver throws(ChatEvent.Notice) in
                try self?.person.offer(offer, to: receiver)
            }, nick: { [weak self] in self?.person.client.nick(of: $0) ?? "" },
            id: { [weak self] in self?.person.client.id })
        files.exchange = FileExchange(loop: loop, options: options, owner: owner, tell: tell)
        files.wake = { [weak self] in self?.scheduleFlush() }
    }

    package func perform(_ command: FileCommand) {
        files.exchange?.perform(command)
    }

    /// Nothing stays of files that are not whole.
    package func removeParts(then done: @escaping () -> Void) {
        guard let exchange = files.exchange else { return done() }
        exchange.removeParts(then: done)
    }
}
