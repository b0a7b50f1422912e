internal import Chat
internal import EventLoop
internal import Files
internal import Sodium

/// What a participant is offered, and fetches. Files are written, and their pieces opened, on threads of the loop's offloader.
final class OfferedFiles {
    /// Offers that are remembered; past it the oldest that is not on its way is forgotten, of whoever has most.
    static let limit = 256
    /// Part files of forgotten offers that are remembered, for people who want none to stay.
    private static let forgottenLimit = 1_024
    /// How often a sender is told how far a receiver is.
    private static let toldInterval = Duration.milliseconds(500)
    /// Pieces that are proven in one go.
    private static let provenAtOnce: UInt32 = 2_048

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
    private let desk: FileDesk
    private let options: FileOptions
    /// Oldest first, as all numbers.
    private(set) var files: [OfferedFile] = []
    private var forgottenParts: [PartFile.Place] = []

    init(_ desk: FileDesk, options: FileOptions) {
        self.desk = desk
        self.options = options
    }

    // MARK: The connection

    func connected() {
        for file in files { file.reception?.lastArrival = desk.loop.time }
        fetch()
    }

    func connectionLost() {
        for file in files { file.reception?.transfer.connectionLost() }
    }

    func memberLeft(_ member: MemberID) {
        for file in files where file.file.from == member {
            switch file.stage {
            case .accepted where hasGivenWay(file): file.stage = .declined
            case .running, .accepted, .opening: fail(file, .fileSenderLeft(file.file.nick))
            case .open, .done, .declined: break
            }
        }
        files.removeAll { file in
            if case .open = file.stage { file.file.from == member } else { false }
        }
    }

    /// The offer of that member.
    func find(_ id: FileID, of sender: UInt32) -> OfferedFile? {
        files.last { $0.sender == sender && $0.offer.id == id }
    }

    /// Its sender gives no more of it.
    func ended(_ file: OfferedFile, _ end: FileEnd) {
        switch file.stage {
        case .accepted where hasGivenWay(file): file.stage = .declined
        case .running, .accepted, .opening: fail(file, .file(end, largest: desk.largest), saysSo: false)
        case .open where end == .withdrawn: files.removeAll { $0 === file }
        case .open, .done, .declined: break
        }
    }

    /// Nothing is fetched any more; what has been fetched stays where it is.
    func stop() {
        for file in files where file.reception != nil { file.stage = .open }
    }

    /// Where the files are of which something has been fetched, and not all.
    var parts: [PartFile.Place] { files.compactMap(\.part) + forgottenParts }

    // MARK: Offers

    /// A member has offered a file.
    func add(_ bytes: SecretContent, from member: MemberID, isPrivate: Bool) {
        guard let offer = try? FileOffer(decoding: bytes) else {
            return desk.tell(.warning(.offerUnreadable(member)))
        }
        // Its sender has said it again, for others.
        guard !files.contains(where: { $0.file.from == member && $0.offer.id == offer.id }) else { return }
        guard files.count < Self.limit || forgetOne() else { return }
        let name = FileName(offer.name)
        let file = OfferedFile(
            .init(
                number: desk.nextNumber(), id: offer.id.description, from: member, nick: desk.owner.nick(member),
                name: name.text,
                remark: name.remark, size: offer.size, to: isPrivate ? desk.owner.id() : nil, isOwn: false), offer)
        files.append(file)
        desk.tell(.file(.offered(file.file)))
        if let size = options.acceptedSize, offer.size <= size { accept(file, folder: nil) }
    }

    func accept(_ file: OfferedFile, folder: String?) {
        switch file.stage {
        case .open, .declined:
            file.stage = .accepted(folder: folder ?? options.folder)
            file.waitsSince = desk.loop.time
            file.isSuspended = false
            beginWaiting()
        case .accepted, .opening, .running: desk.tell(.error(.fileUnderWay))
        case .done: desk.tell(.error(.fileThere))
        }
    }

    func decline(_ file: OfferedFile) {
        if case .done = file.stage { return desk.tell(.error(.fileThere)) }
        file.stage = .declined
        desk.owner.send(.end(peer: file.sender, file: file.offer.id, .declined))
        if let part = file.part {
            file.part = nil
            desk.loop.offload(within: FileDesk.diskPatience) {
                PartFile.remove(part)
            } then: { _ in
            }
        }
        desk.tell(.file(.failed(file.file, .fileDeclined, bytes: 0, member: nil)))
        beginWaiting()
    }

    /// Nothing more of it is fetched; it may be accepted again, and goes on then.
    private func fail(_ file: OfferedFile, _ notice: ChatEvent.Notice, saysSo: Bool = true) {
        let bytes = file.reception?.transfer.byteCount ?? 0
        file.stage = .open
        if saysSo { desk.owner.send(.end(peer: file.sender, file: file.offer.id, .unwritable)) }
        desk.tell(.file(.failed(file.file, notice, bytes: bytes, member: nil)))
        beginWaiting()
    }

    /// The sender asks how far the file is.
    func answer(_ file: OfferedFile) {
        let (sender, id) = (file.sender, file.offer.id)
        file.isSuspended = false
        switch file.stage {
        case .done: desk.owner.send(.end(peer: sender, file: id, .complete))
        case .declined: desk.owner.send(.end(peer: sender, file: id, .declined))
        case .open: desk.owner.send(.end(peer: sender, file: id, .unwritable))
        case .accepted, .opening: desk.owner.send(.have(peer: sender, file: id, bytes: 0))
        case .running(let reception):
            desk.owner.send(.have(peer: sender, file: id, bytes: reception.transfer.byteCount))
        }
    }

    // MARK: Beginning

    /// Begins to fetch accepted files, as many as may be on their way at a time.
    private func beginWaiting() {
        for file in waiting {
            guard case .accepted(let folder) = file.stage, mayBegin(file),
                files.count(where: { $0.isOnItsWay }) < FileFormat.incoming || giveUpPlace()
            else { continue }
            file.stage = .opening(folder: folder)
            let known = pathOfTwin(file)
            desk.loop.offload(within: FileDesk.diskPatience) { [offer = file.offer] in
                Result { () throws(PartFile.Failure) in
                    (try PartFile(for: offer, in: folder), known.flatMap { PartFile.whole($0, size: offer.size) })
                }
            } then: { [weak self, weak file] opened in
                guard let self, let file, case .opening = file.stage else { return }
                switch opened {
                case .success(let (part, whole))?:
                    file.part = .init(folder: folder, name: part.name)
                    let reception = Reception(file.offer, part: part, now: self.desk.loop.time)
                    if let whole, let known { reception.known = (whole, known) }
                    file.stage = .running(reception)
                    self.work(file)
                    self.fetch()
                case .failure(let failure)?: self.fail(file, .file(failure))
                case nil: self.fail(file, .fileDiskHangs)
                }
            }
        }
        desk.tickLater()
    }

    /// Where what was offered to all, and may be the same, has been put: its sender has been started again.
    private func pathOfTwin(_ file: OfferedFile) -> String? {
        for other in files where other.isTwin(of: file) && other.file.to == nil {
            if case .done(let path) = other.stage { return path }
        }
        return nil
    }

    /// Files that wait, in the order in which they begin: first those that have given way least, of the sender that has fewest on their way.
    private var waiting: [OfferedFile] {
        var running: [UInt32: Int] = [:]
        for file in files where file.reception != nil { running[file.sender, default: 0] += 1 }
        let accepted = files.enumerated().filter { if case .accepted = $0.element.stage { true } else { false } }
        return accepted.sorted { left, right in
            let (one, other) = (left.element, right.element)
            return (one.suspensions, running[one.sender] ?? 0, left.offset)
                < (other.suspensions, running[other.sender] ?? 0, right.offset)
        }.map(\.element)
    }

    /// Whether nothing else writes the part file, or has for long. An earlier offer of the same from which nothing comes gives way,
    /// since its sender may have been started again.
    private func mayBegin(_ file: OfferedFile) -> Bool {
        guard !file.isSuspended else { return false }
        let hasWaited = desk.loop.time - file.waitsSince >= patience.place
        for other in files where other.isTwin(of: file) {
            if case .opening = other.stage { return false }
            guard let reception = other.reception, !hasWaited || other.sender == file.sender else { continue }
            guard file.suspensions == 0, isStalled(reception, for: patience.twin) else { return false }
            suspend(other)
            // From here on that of the other one.
            other.part = nil
        }
        return true
    }

    /// Whether a file from which nothing comes, or that has had its turn, has given its place to one that waits.
    private func giveUpPlace() -> Bool {
        guard desk.isConnected else { return false }
        let file = files.first { file in
            guard let reception = file.reception, !reception.isWorking else { return false }
            return isStalled(reception, for: patience.place) || desk.loop.time - reception.beganAt >= patience.turn
        }
        guard let file else { return false }
        suspend(file)
        return true
    }

    private func isStalled(_ reception: Reception, for patience: Duration) -> Bool {
        !reception.isWorking && desk.loop.time - reception.lastArrival >= patience
    }

    /// The file waits again, and begins again only when its sender has been heard.
    private func suspend(_ file: OfferedFile) {
        file.stage = .accepted(folder: file.part?.folder ?? options.folder)
        file.waitsSince = desk.loop.time
        file.isSuspended = true
        file.suspensions += 1
        desk.owner.send(.end(peer: file.sender, file: file.offer.id, .paused))
    }

    /// Whether another offer of the same is fetched, or has been, in place of this one, whose sender is not heard.
    private func hasGivenWay(_ file: OfferedFile) -> Bool {
        file.isSuspended
            && files.contains { other in
                guard other.isTwin(of: file) else { return false }
                if case .done = other.stage { return true }
                return other.reception != nil
            }
    }

    /// Forgets an offer: of whoever has most, the oldest that is not wanted, or else that waits. False where all are on their way.
    private func forgetOne() -> Bool {
        var counts: [UInt32: Int] = [:]
        for file in files where !file.isOnItsWay { counts[file.sender, default: 0] += 1 }
        guard let most = counts.max(by: { ($0.value, $0.key) < ($1.value, $1.key) })?.key else { return false }
        let ofThat = files.indices.filter { files[$0].sender == most && !files[$0].isOnItsWay }
        let unwanted = ofThat.first { if case .accepted = files[$0].stage { false } else { true } }
        guard let index = unwanted ?? ofThat.first else { return false }
        if let part = files[index].part, forgottenParts.count < Self.forgottenLimit { forgottenParts.append(part) }
        files.remove(at: index)
        return true
    }

    /// True while something is to be looked at again.
    func tick() -> Bool {
        var isActive = false
        for file in files {
            switch file.stage {
            case .accepted, .opening: isActive = true
            case .running(let reception):
                isActive = true
                if desk.isConnected { _ = reception.transfer.askAgain(now: desk.loop.time) }
            case .open, .done, .declined: break
            }
        }
        if isActive {
            beginWaiting()
            fetch()
        }
        return isActive
    }

    // MARK: Fetching

    /// Asks for what is next of all files that are on their way, in fair shares of the window.
    private func fetch() {
        guard desk.isConnected else { return }
        let running = files.compactMap { file in file.reception.map { (file, $0) } }
        guard !running.isEmpty else { return }
        let share = max(1, FileFormat.window / running.count)
        for (file, reception) in running {
            let room = share - reception.transfer.outstanding
            guard room > 0 else { continue }
            for (first, count) in reception.transfer.next(room, now: desk.loop.time) {
                desk.owner.send(.want(peer: file.sender, file: file.offer.id, first: first, count: count))
            }
        }
    }

    func arrived(_ frame: PieceFrame) {
        guard let file = find(frame.file, of: frame.peer),
            let reception = file.reception
        else { return }
        do throws(FileError) {
            let arrival = try reception.transfer.arrived(frame, now: desk.loop.time)
            if arrival != .nothing { reception.lastArrival = desk.loop.time }
            switch arrival {
            case .write:
                reception.arrived.append(frame)
                workLater(file, reception)
            case .nothing, .listed, .prove, .padding:
                work(file)
                fetch()
            }
        } catch {
            fail(file, .fileDamaged(file.file.nick))
        }
    }

    /// Has a thread begin at the end of the turn, so that it gets all that has come in it.
    private func workLater(_ file: OfferedFile, _ reception: Reception) {
        guard !reception.isWorking, !reception.isWorkDue else { return }
        reception.isWorkDue = true
        desk.loop.atEndOfTurn { [weak self, weak file] in
            reception.isWorkDue = false
            guard let self, let file, file.reception === reception else { return }
            self.work(file)
        }
    }

    /// Has a thread do what is next.
    private func work(_ file: OfferedFile) {
        guard let reception = file.reception, !reception.isWorking else { return }
        switch reception.transfer.phase {
        case .listing: break
        case .proving: prove(file, reception, from: 0, PieceSet(count: file.offer.pieceCount))
        case .fetching: if !reception.arrived.isEmpty { write(file, reception) }
        case .finishing: finish(file, reception)
        }
    }

    /// Runs `work` on a thread, and `then` if the file is still fetched.
    private func run<T: Sendable>(
        _ file: OfferedFile, _ reception: Reception, _ work: @escaping @Sendable () -> T, then: @escaping (T) -> Void
    ) {
        reception.isWorking = true
        desk.loop.offloadInBackground(within: FileDesk.diskPatience, work) { [weak self, weak file] result in
            reception.isWorking = false
            guard let self, let file, file.reception === reception else { return }
            guard let result else { return self.fail(file, .fileDiskHangs) }
            then(result)
        }
    }

    private func prove(_ file: OfferedFile, _ reception: Reception, from start: UInt32, _ had: PieceSet) {
        let end = min(had.count, start + Self.provenAtOnce)
        run(file, reception) {
            [
                part = reception.part, whole = reception.known?.file, offer = file.offer,
                leaves = reception.transfer.leaves
            ]
            in
            var had = had
            if let whole {
                PartFile.prove(start..<end, in: whole, of: offer, leaves, into: &had)
            } else {
                part.prove(start..<end, of: offer, leaves, into: &had)
            }
            return had
        } then: { [weak self] had in
            guard let self else { return }
            if let path = reception.known?.path {
                if end == had.count, had.isFull { return self.isThere(file, path) }
                if had.filled < end {
                    // It is another one.
                    reception.known = nil
                    return self.prove(file, reception, from: 0, PieceSet(count: had.count))
                }
            }
            guard end < had.count else {
                reception.transfer.proved(had)
                reception.lastArrival = self.desk.loop.time
                self.progressed(file, reception)
                return self.fetch()
            }
            self.prove(file, reception, from: end, had)
        }
    }

    /// The file has been fetched before, and nothing of it is fetched again.
    private func isThere(_ file: OfferedFile, _ path: String) {
        if let part = file.part {
            file.part = nil
            desk.loop.offload(within: FileDesk.diskPatience) {
                PartFile.remove(part)
            } then: { _ in
            }
        }
        file.stage = .done(path: path)
        desk.owner.send(.end(peer: file.sender, file: file.offer.id, .complete))
        desk.tell(.file(.done(file.file, path: path, member: nil)))
        beginWaiting()
        fetch()
    }

    private enum Written: Sendable {
        case yes(UInt32)
        case forged(UInt32)
        case failed(PartFile.Failure)
    }

    private func write(_ file: OfferedFile, _ reception: Reception) {
        let batch = reception.arrived
        reception.arrived = []
        let (cipher, leaves, part) = (reception.transfer.cipher, reception.transfer.leaves, reception.part)
        run(file, reception) { [offer = file.offer] () -> [Written] in
            var results: [Written] = []
            var text = [UInt8](repeating: 0, count: FileFormat.pieceByteCount)
            for frame in batch {
                let (index, count) = (frame.number.index, offer.byteCount(of: frame.number.index))
                guard let place = leaves.range(of: index),
                    (try? cipher.open(frame, count: count, leaf: leaves.bytes.span.extracting(place), into: &text))
                        != nil
                else {
                    results.append(.forged(index))
                    continue
                }
                do throws(PartFile.Failure) {
                    try part.write(text.span.extracting(..<count), piece: index)
                    results.append(.yes(index))
                } catch {
                    results.append(.failed(error))
                    break
                }
            }
            return results
        } then: { [weak self] results in
            guard let self else { return }
            for result in results {
                switch result {
                case .yes(let index): reception.transfer.wrote(index)
                case .forged(let index):
                    do throws(FileError) {
                        try reception.transfer.refused(index)
                    } catch {
                        return self.fail(file, .fileDamaged(file.file.nick))
                    }
                case .failed(let failure): return self.fail(file, .file(failure))
                }
            }
            self.progressed(file, reception)
            self.fetch()
        }
    }

    private func progressed(_ file: OfferedFile, _ reception: Reception) {
        let bytes = reception.transfer.byteCount
        if let progress = reception.pace.progress(bytes, of: file.file.size, member: nil, at: desk.loop.time) {
            desk.tell(.file(.progress(file.file, progress)))
        }
        if desk.loop.time - reception.toldAt >= Self.toldInterval {
            reception.toldAt = desk.loop.time
            desk.owner.send(.have(peer: file.sender, file: file.offer.id, bytes: bytes))
        }
        work(file)
    }

    private func finish(_ file: OfferedFile, _ reception: Reception) {
        run(file, reception) { [part = reception.part, offer = file.offer] in
            Result { () throws(PartFile.Failure) in try part.finish(FileName(offer.name), size: offer.size) }
        } then: { [weak self] result in
            guard let self else { return }
            switch result {
            case .success(let path):
                file.stage = .done(path: path)
                file.part = nil
                self.desk.owner.send(.end(peer: file.sender, file: file.offer.id, .complete))
                self.desk.tell(.file(.done(file.file, path: path, member: nil)))
                self.beginWaiting()
                self.fetch()
            case .failure(let failure): self.fail(file, .file(failure))
            }
        }
    }
}
