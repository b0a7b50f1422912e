internal import EventLoop
internal import Files
package import Room
internal import SecureSession

// Files that this member passes to others, and gets from them.

extension MemberNode {
    func beginFiles(_ options: FileOptions) {
        let owner = FileExchange.Owner(
            send: { [weak self] in self?.files.send($0) }, room: { [weak self] in self?.files.room ?? 0 },
            offer: { [weak self] offer, receiver throws(ChatEvent.Notice) in
                guard let self else { return nil }
                var actions: [MemberClient.Action] = []
                self.client.now = self.loop.time
                let target = try self.client.offer(offer, to: receiver, actions: &actions)
                self.perform(actions)
                return target
            }, nick: { [weak self] in self?.client.nick(of: $0) ?? "" }, id: { [weak self] in self?.client.id })
        files.exchange = FileExchange(loop: loop, options: options, owner: owner, tell: tell)
        files.wake = { [weak self] in self?.scheduleFlush() }
    }

    func receivedFrame(_ bytes: [UInt8]) {
        // A frame may still come while the stay ends.
        guard ending == nil else { return }
        do throws(FileError) {
            try files.received(bytes)
        } catch {
            streamFailed(.malformed)
        }
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
