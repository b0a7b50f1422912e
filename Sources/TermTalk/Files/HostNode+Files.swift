internal import Chat
internal import EventLoop
internal import Files
internal import Room
internal import SecureSession

// Files that members pass to each other through the host.

extension HostNode {
    func watchFiles() {
        files.isMember = { [weak self] in
            let id = MemberID(entropy: $0)
            return self?.room.credentials(of: id) != nil || self?.localMember == id
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
}
