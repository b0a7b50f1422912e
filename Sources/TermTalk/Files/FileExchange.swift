internal import Chat
internal import EventLoop
internal import Files
internal import Sodium

/// One participant's files: what it offers, what it is offered, and what is on its way. All reading, writing and
/// cryptography of files is done on threads of the loop's offloader.
final class FileExchange {
    /// What the owner, at a host or a member, does for it.
    struct Owner {
        /// Gives a frame to the lane.
        var send: (FileFrame) -> Void
        /// How many pieces the lane takes now.
        var room: () -> Int
        /// Says in the room that there is a file; the member that it is for, where it is for one.
        var offer: (SecretContent, _ to: String?) throws(ChatEvent.Notice) -> MemberID?
        var nick: (MemberID) -> String
        var id: () -> MemberID?
    }

    /// A receiver that has not finished and says nothing for so long is asked: its last word may have been lost with a
    /// connection.
    private static let silence = Duration.seconds(6)

    let owner: Owner
    private let desk: FileDesk
    let own: OwnFiles
    let offered: OfferedFiles

    init(loop: EventLoop, options: FileOptions, owner: Owner, tell: @escaping (ChatEvent) -> Void) {
        self.owner = owner
        desk = FileDesk(loop: loop, owner: owner, tell: tell)
        own = OwnFiles(desk)
        offered = OfferedFiles(desk, options: options)
        desk.onTick = { [weak own, weak offered] in
            let isFetching = offered?.tick() ?? false
            return own?.askReceivers(silentFor: Self.silence) ?? false || isFetching
        }
    }

    // MARK: The connection

    func connected() {
        desk.isConnected = true
        offered.connected()
        own.askReceivers(silentFor: .zero)
    }

    func connectionLost() {
        desk.isConnected = false
        own.connectionLost()
        offered.connectionLost()
    }

    /// Somebody has left the room for good.
    func memberLeft(_ member: MemberID) {
        own.memberLeft(member)
        offered.memberLeft(member)
    }

    /// A frame for this participant has come.
    func received(_ frame: FileFrame) {
        switch frame {
        case .limit(let bytes):
            desk.largest = bytes
            own.refuseLarger(than: bytes)
        case .taken:
            break
        case .want(let peer, let file, let first, let count):
            own.wanted(file, by: peer, first, count)
        case .have(let peer, let id, let bytes):
            if let file = offered.find(id, of: peer) { offered.answer(file) } else { own.has(id, peer, bytes) }
        case .end(let peer, let id, let end):
            if let file = offered.find(id, of: peer) {
                offered.ended(file, end)
            } else {
                own.receiverEnded(id, peer, end)
            }
        case .piece(let frame):
            offered.arrived(frame)
        }
    }

    // MARK: What the person wants

    func perform(_ command: FileCommand) {
        switch command {
        case .send(let path, let receiver): own.prepare(path, to: receiver)
        case .sendAgain(let number, let member): own.offerAgain(number, to: member)
        case .accept(let name, let folder): named(name) { offered.accept($0, folder: folder) }
        case .decline(let name):
            if let file = own.files.first(where: { Self.isCalled($0.file, name) }) {
                own.withdraw(file)
            } else {
                named(name) { offered.decline($0) }
            }
        case .list:
            let entries =
                own.files.map { FileNews.Entry(file: $0.file, state: $0.text) }
                + offered.files.map { FileNews.Entry(file: $0.file, state: $0.state) }
            desk.tell(.file(.list(entries.sorted { $0.file.number < $1.file.number })))
        }
    }

    private static func isCalled(_ file: FileNews.File, _ name: String) -> Bool {
        name == String(file.number) || name == file.id
    }

    private func named(_ name: String, _ body: (OfferedFile) -> Void) {
        guard let file = offered.files.first(where: { Self.isCalled($0.file, name) }) else {
            return desk.tell(.error(.fileUnknown))
        }
        body(file)
    }

    // MARK: The end

    /// Nothing is done any more; what has been fetched stays where it is.
    func stop() {
        desk.stop()
        offered.stop()
        own.stop()
    }

    /// Removes what has been fetched of files that are not whole.
    func removeParts(then done: @escaping () -> Void) {
        let parts = offered.parts
        stop()
        guard !parts.isEmpty else { return done() }
        desk.loop.offload(within: UserDirectories.diskPatience) {
            for part in parts { PartFile.remove(part) }
        } then: { _ in
            done()
        }
    }
}
