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

    /// Offers of others that are remembered; past it the oldest that is not on its way is forgotten, of whoever has most.
    static let offerLimit = 256
    /// Part files of forgotten offers that are remembered, for who wants none to stay.
    static let forgottenLimit = 1_024
    /// How often it is looked at what does not go on.
    static let tickInterval = Duration.seconds(2)
    /// How long a disk may take for some pieces.
    static let diskPatience = Duration.seconds(60)
    /// How often a sender is told how far a receiver is.
    static let toldInterval = Duration.milliseconds(500)
    /// A receiver that has not finished and says nothing for so long is asked: its last word may have been lost with a
    /// connection.
    static let silence = Duration.seconds(6)

    struct Patience {
        /// Nothing of a file has come for so long: another offer of the same may take its place.
        var twin = Duration.seconds(5)
        /// The same where another file waits for a place; and an offer that waits so long for one of the same name and size
        /// is fetched beside it.
        var place = Duration.seconds(60)
        /// How long a file keeps its place, however much of it comes, where another one waits.
        var turn = Duration.seconds(600)
    }

    var patience = Patience()
    let loop: EventLoop
    let options: FileOptions
    let tell: (ChatEvent) -> Void
    let owner: Owner
    var isConnected = false
    /// Bytes that the host passes on at most; nil while it has not said it.
    var largest: UInt64?
    var lastNumber = 0
    /// Oldest first, as all numbers.
    var own: [OwnFile] = []
    var offered: [OfferedFile] = []
    var forgottenParts: [PartFile.Place] = []
    /// Whether a thread reads for those that want something of own files.
    var isReading = false
    /// The file whose turn it was last.
    var lastTurn = 0
    /// Own files that are being hashed.
    var preparing = 0
    private var timer: TimerHandle?

    init(loop: EventLoop, options: FileOptions, owner: Owner, tell: @escaping (ChatEvent) -> Void) {
        self.loop = loop
        self.options = options
        self.owner = owner
        self.tell = tell
    }

    // MARK: The connection

    func connected() {
        isConnected = true
        for file in offered { file.reception?.lastArrival = loop.time }
        fetch()
        askReceivers(silentFor: .zero)
    }

    func connectionLost() {
        isConnected = false
        for file in own { file.state.connectionLost() }
        for file in offered { file.reception?.transfer.connectionLost() }
    }

    /// Somebody has left the room for good.
    func memberLeft(_ member: MemberID) {
        for file in own { file.receivers[member.wireValue] = nil }
        for file in offered where file.file.from == member {
            switch file.stage {
            case .accepted where hasGivenWay(file): file.stage = .declined
            case .running, .accepted, .opening: fail(file, .fileSenderLeft(file.file.nick))
            case .open, .done, .declined: break
            }
        }
        offered.removeAll { file in
            if case .open = file.stage { file.file.from == member } else { false }
        }
    }

    /// A frame for this participant has come.
    func received(_ frame: FileFrame) {
        switch frame {
        case .limit(let bytes):
            largest = bytes
            refuseLarger(than: bytes)
        case .taken:
            break
        case .want(let peer, let file, let first, let count):
            wanted(file, by: peer, first, count)
        case .have(let peer, let file, let bytes):
            if let file = offered.last(where: { $0.sender == peer && $0.offer.id == file }) {
                answer(file)
            } else {
                has(file, peer, bytes)
            }
        case .end(let peer, let file, let end):
            ended(file, peer, end)
        case .piece(let frame):
            arrived(frame)
        }
    }

    private func ended(_ id: FileID, _ peer: UInt32, _ end: FileEnd) {
        if let file = offered.last(where: { $0.sender == peer && $0.offer.id == id }) {
            switch file.stage {
            case .accepted where hasGivenWay(file): file.stage = .declined
            case .running, .accepted, .opening: fail(file, .file(end, largest: largest), saysSo: false)
            case .open where end == .withdrawn: offered.removeAll { $0 === file }
            case .open, .done, .declined: break
            }
        } else {
            receiverEnded(id, peer, end)
        }
    }

    // MARK: What the person wants

    func perform(_ command: FileCommand) {
        switch command {
        case .send(let path, let receiver): prepare(path, to: receiver)
        case .sendAgain(let number, let member): offerAgain(number, to: member)
        case .accept(let name, let folder): named(name) { accept($0, folder: folder) }
        case .decline(let name):
            if let file = own.first(where: { Self.isCalled($0.file, name) }) {
                withdraw(file)
            } else {
                named(name) { decline($0) }
            }
        case .list:
            let entries =
                own.map { FileNews.Entry(file: $0.file, state: $0.text) }
                + offered.map { FileNews.Entry(file: $0.file, state: $0.state) }
            tell(.file(.list(entries.sorted { $0.file.number < $1.file.number })))
        }
    }

    private static func isCalled(_ file: FileNews.File, _ name: String) -> Bool {
        name == String(file.number) || name == file.id
    }

    private func named(_ name: String, _ body: (OfferedFile) -> Void) {
        guard let file = offered.first(where: { Self.isCalled($0.file, name) }) else {
            return tell(.error(.fileUnknown))
        }
        body(file)
    }

    func nextNumber() -> Int {
        lastNumber += 1
        return lastNumber
    }

    // MARK: Time

    /// Looks again after a while at what waits.
    func tickLater() {
        guard timer == nil else { return }
        timer = loop.schedule(after: Self.tickInterval) { [weak self] in
            guard let self else { return }
            self.timer = nil
            let isFetching = self.tick()
            if self.askReceivers(silentFor: Self.silence) || isFetching { self.tickLater() }
        }
    }

    /// Nothing is done any more; what has been fetched stays where it is.
    func stop() {
        timer?.cancel()
        isConnected = false
        for file in offered where file.reception != nil { file.stage = .open }
        own = []
    }

    /// Removes what has been fetched of files that are not whole.
    func removeParts(then done: @escaping () -> Void) {
        let parts = offered.compactMap(\.part) + forgottenParts
        stop()
        guard !parts.isEmpty else { return done() }
        loop.offload(within: UserDirectories.diskPatience) {
            for part in parts { PartFile.remove(part) }
        } then: { _ in
            done()
        }
    }
}
