package import Chat
internal import EventLoop
internal import Files
internal import Room
internal import SecureSession

// Files that members pass to each other through the host.

extension HostNode {
    func watchFiles() {
        files.isMember = { [weak self] in
            let id = MemberID(entropy: $0)
            return self?.room.credentials(of: id) != nil || self?.local?.client.id == id
        }
        files.wake = { [weak self] in self?.markDirty($0) }
    }

    func receivedFrame(_ bytes: [UInt8], on connection: HostConnection) {
        do throws(FileError) {
            try files.received(bytes, on: connection)
        } catch {
            fail(connection)
        }
    }

    /// The host's own participant passes files as well.
    func beginLocalFiles() {
        let owner = FileExchange.Owner(
            send: { [weak self] in self?.files.receivedLocally($0) }, room: { FileFormat.window / 2 },
            offer: { [weak self] offer, receiver throws(ChatEvent.Notice) in
                try self?.local?.offer(offer, to: receiver)
            }, nick: { [weak self] in self?.local?.client.nick(of: $0) ?? "" },
            id: { [weak self] in self?.local?.client.id })
        files.own = FileExchange(loop: loop, options: fileOptions, owner: owner, tell: tell)
    }

    package func performLocally(_ command: FileCommand) {
        files.own?.perform(command)
    }

    /// Nothing stays of files that are not whole.
    package func removeParts(then done: @escaping () -> Void) {
        guard let own = files.own else { return done() }
        own.removeParts(then: done)
    }
}
