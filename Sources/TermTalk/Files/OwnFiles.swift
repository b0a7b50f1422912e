internal import Chat
internal import EventLoop
internal import Files
internal import Sodium

/// What a participant offers, and who has how much of it. Files are hashed and read on threads of the loop's offloader.
final class OwnFiles {
    /// Pieces that are hashed in one go, so that other files on the same threads have their turn.
    private static let hashedAtOnce: UInt32 = 1_024
    /// Pieces that are read in one go, and of one file in its turn.
    private static let readAtOnce = 16
    private static let readInTurn = 4

    private let desk: FileDesk
    /// Oldest first, as all numbers.
    private(set) var files: [OwnFile] = []
    /// Whether a thread reads for those that want something.
    private var isReading = false
    /// The file whose turn it was last.
    private var lastTurn = 0
    /// Files that are being hashed.
    private var preparing = 0

    init(_ desk: FileDesk) {
        self.desk = desk
    }

    func connectionLost() {
        for file in files { file.state.connectionLost() }
    }

    func memberLeft(_ member: MemberID) {
        for file in files { file.receivers[member.wireValue] = nil }
    }

    /// Nothing is offered any more, and nobody is told.
    func stop() {
        files = []
    }

    /// Hashes a file, and offers it.
    func prepare(_ path: String, to receiver: String?) {
        guard files.count + preparing < FileFormat.outgoing else { return desk.tell(.error(.tooManyFiles)) }
        guard desk.largest != 0 else { return desk.tell(.error(.filesOff)) }
        preparing += 1
        desk.loop.offload(within: FileDesk.diskPatience) {
            Result { () throws(SourceFile.Failure) in
                try SourceFile(path: DownloadFolder.expanded(path, home: UserDirectories().home))
            }
        } then: { [weak self] opened in
            guard let self else { return }
            switch opened {
            case .success(let source)?:
                if let largest = self.desk.largest, source.size > largest {
                    self.prepared(.tooLarge)
                } else {
                    self.hash(Preparation(source, to: receiver))
                }
            case .failure(let failure)?: self.prepared(failure)
            case nil: self.prepared(.unreadable(errno: 0))
            }
        }
    }

    /// A file that is being hashed, in blocks, of which two threads take one each.
    private final class Preparation {
        let source: SourceFile
        let receiver: String?
        let key = FileKey()
        let checksum = SecretChecksum()
        let count: UInt32
        var hashes: PieceHashes
        /// Blocks behind `hashes`, by their first piece.
        var blocks: [UInt32: PieceHashes] = [:]
        /// The first piece that no thread has taken.
        var next: UInt32 = 0
        var hasFailed = false

        init(_ source: SourceFile, to receiver: String?) {
            self.source = source
            self.receiver = receiver
            count = FileFormat.pieceCount(size: source.size)
            hashes = PieceHashes(checksum)
            hashes.reserve(pieces: count)
        }
    }

    private func hash(_ file: Preparation) {
        guard file.count > 0 else { return prepared(file) }
        for _ in 0..<Offloader.maximumThreadCount { hashNext(file) }
    }

    private func hashNext(_ file: Preparation) {
        guard !file.hasFailed, file.next < file.count else { return }
        let range = file.next..<min(file.count, file.next + Self.hashedAtOnce)
        file.next = range.upperBound
        desk.loop.offloadInBackground(within: FileDesk.diskPatience) {
            [source = file.source, key = file.key, checksum = file.checksum] in
            Result { () throws(SourceFile.Failure) in try source.hash(range, key, checksum) }
        } then: { [weak self] hashed in
            guard !file.hasFailed else { return }
            switch hashed {
            case .success(let block)?:
                file.blocks[range.lowerBound] = block
                while let block = file.blocks.removeValue(forKey: file.hashes.leaves.count) {
                    file.hashes.append(block)
                }
                if file.hashes.leaves.count == file.count { self?.prepared(file) } else { self?.hashNext(file) }
            case .failure(let failure)?:
                file.hasFailed = true
                self?.prepared(failure)
            case nil:
                file.hasFailed = true
                self?.prepared(.unreadable(errno: 0))
            }
        }
    }

    private func prepared(_ failure: SourceFile.Failure) {
        preparing -= 1
        desk.tell(.error(.file(failure, largest: desk.largest)))
    }

    private func prepared(_ prepared: Preparation) {
        preparing -= 1
        let (source, key, hashes) = (prepared.source, prepared.key, prepared.hashes)
        if let largest = desk.largest, source.size > largest || largest == 0 {
            return desk.tell(.error(.file(FileEnd.tooLarge, largest: largest)))
        }
        let offer = FileOffer(
            id: FileID(Random.uint64()), name: source.name, size: source.size, key: key,
            root: key.root(size: source.size, leaves: hashes.leaves.bytes.span))
        do throws(ChatEvent.Notice) {
            let target = try desk.owner.offer(offer.encoded, prepared.receiver)
            guard let id = desk.owner.id() else { return }
            let name = FileName(source.name)
            if let metadata = source.metadata { desk.tell(.warning(.fileMetadata(name.text, metadata))) }
            let file = FileNews.File(
                number: desk.nextNumber(), id: offer.id.description, from: id, nick: desk.owner.nick(id),
                name: name.text,
                remark: name.remark, size: source.size, to: target, isOwn: true)
            files.append(OwnFile(file, source: source, state: OutgoingFile(offer, hashes)))
            desk.tell(.file(.offered(file)))
        } catch {
            desk.tell(.error(error))
        }
    }

    func offerAgain(_ number: Int, to member: MemberID) {
        guard let file = files.first(where: { $0.file.number == number && $0.file.to == nil }) else { return }
        do throws(ChatEvent.Notice) {
            _ = try desk.owner.offer(file.state.offer.encoded, member.description)
        } catch {
            desk.tell(.error(error))
        }
    }

    func withdraw(_ file: OwnFile) {
        endForAll(file, .withdrawn)
        desk.tell(.file(.failed(file.file, .fileWithdrawn, bytes: 0, member: nil)))
    }

    /// The host has said what it passes on: what was offered before, and is larger, goes nowhere.
    func refuseLarger(than bytes: UInt64) {
        for file in files where file.file.size > bytes || bytes == 0 {
            endForAll(file, .withdrawn)
            desk.tell(.file(.failed(file.file, .file(FileEnd.tooLarge, largest: bytes), bytes: 0, member: nil)))
        }
    }

    private func endForAll(_ file: OwnFile, _ end: FileEnd) {
        files.removeAll { $0 === file }
        for (member, receiver) in file.receivers where !receiver.isDone && !receiver.hasEnded {
            desk.owner.send(.end(peer: member, file: file.state.offer.id, end))
        }
    }

    // MARK: What receivers say

    private func find(_ id: FileID, for member: UInt32) -> OwnFile? {
        files.first { file in
            file.state.offer.id == id && (file.file.to == nil || file.file.to?.wireValue == member)
        }
    }

    func wanted(_ id: FileID, by member: UInt32, _ first: PieceNumber, _ count: UInt16) {
        guard let file = find(id, for: member), note(member, of: file) else {
            return desk.owner.send(.end(peer: member, file: id, .withdrawn))
        }
        file.state.wanted(first, count: count)
        readWanted()
    }

    /// Whether the receiver is one of those of the file, from now on at the latest.
    private func note(_ member: UInt32, of file: OwnFile) -> Bool {
        if var receiver = file.receivers[member], !receiver.hasEnded || receiver.endCount >= OwnFile.endLimit {
            receiver.heardAt = desk.loop.time
            file.receivers[member] = receiver
            return !receiver.hasEnded
        }
        guard file.receivers[member] != nil || file.receivers.count < OwnFile.receiverLimit else { return false }
        var receiver = OwnFile.Receiver(heardAt: desk.loop.time)
        receiver.endCount = file.receivers[member]?.endCount ?? 0
        file.receivers[member] = receiver
        desk.tickLater()
        let begun = FileNews.Progress(bytes: 0, rate: 0, member: MemberID(entropy: member), isMilestone: false)
        desk.tell(.file(.progress(file.file, begun)))
        return true
    }

    func has(_ id: FileID, _ member: UInt32, _ bytes: UInt64) {
        guard let file = find(id, for: member), note(member, of: file), var receiver = file.receivers[member] else {
            return desk.owner.send(.end(peer: member, file: id, .unspecified))
        }
        receiver.bytes = min(bytes, file.file.size)
        let progress = receiver.pace.progress(
            receiver.bytes, of: file.file.size, member: MemberID(entropy: member), at: desk.loop.time)
        file.receivers[member] = receiver
        if let progress { desk.tell(.file(.progress(file.file, progress))) }
    }

    func receiverEnded(_ id: FileID, _ member: UInt32, _ end: FileEnd) {
        guard let file = find(id, for: member), file.receivers[member]?.hasEnded != true, note(member, of: file),
            end != .paused
        else { return }
        let id = MemberID(entropy: member)
        if end == .complete {
            guard file.receivers[member]?.isDone == false else { return }
            file.receivers[member]?.isDone = true
            desk.tell(.file(.done(file.file, path: nil, member: id)))
        } else if file.receivers[member]?.isDone == false {
            let bytes = file.receivers[member]?.bytes ?? 0
            file.receivers[member]?.hasEnded = true
            file.receivers[member]?.endCount += 1
            desk.tell(.file(.failed(file.file, .file(end, largest: desk.largest), bytes: bytes, member: id)))
        }
    }

    /// Asks those who have not finished how far they are.
    ///
    /// - Returns: whether there are any.
    @discardableResult
    func askReceivers(silentFor silence: Duration) -> Bool {
        guard desk.isConnected else {
            return files.contains { $0.receivers.values.contains { !$0.isDone && !$0.hasEnded } }
        }
        var isAnybodyThere = false
        for file in files {
            for (member, receiver) in file.receivers where !receiver.isDone && !receiver.hasEnded {
                isAnybodyThere = true
                guard desk.loop.time - receiver.heardAt >= silence else { continue }
                file.receivers[member]?.heardAt = desk.loop.time
                desk.owner.send(.have(peer: member, file: file.state.offer.id, bytes: 0))
            }
        }
        return isAnybodyThere
    }

    // MARK: Reading

    private struct Wanted: Sendable {
        let file: Int
        let source: SourceFile
        let cipher: PieceCipher
        let hashes: PieceHashes
        let numbers: [PieceNumber]

        /// The sealed pieces, up to the first that cannot be read, or is not what was offered.
        func read() -> (frames: [PieceFrame], failure: FileEnd?) {
            var sealed: [PieceFrame] = []
            sealed.reserveCapacity(numbers.count)
            var buffer = [UInt8](repeating: 0, count: FileFormat.pieceByteCount)
            for number in numbers {
                do {
                    sealed.append(try seal(number, &buffer))
                } catch FileError.changed, SourceFile.Failure.changed {
                    return (sealed, .changed)
                } catch {
                    return (sealed, .unreadable)
                }
            }
            return (sealed, nil)
        }

        private func seal(_ number: PieceNumber, _ buffer: inout [UInt8]) throws -> PieceFrame {
            if number.isList { return cipher.sealPage(number.index, of: hashes.leaves) }
            guard number.index < hashes.leaves.count else { return cipher.sealPadding(number.index) }
            let count = try source.read(number.index, into: &buffer)
            return try cipher.seal(number.index, buffer.span.extracting(..<count), of: hashes)
        }
    }

    /// Reads what is wanted, in turns, as far as the lane takes it.
    func readWanted() {
        guard !isReading, desk.isConnected else { return }
        var room = min(Self.readAtOnce, desk.owner.room())
        var batch: [Wanted] = []
        let turns = files.indices
        for offset in turns where room > 0 {
            let index = (lastTurn + 1 + offset) % files.count
            let file = files[index]
            guard file.state.isWanted else { continue }
            let limit = files.count { $0.state.isWanted } > 1 ? min(room, Self.readInTurn) : room
            let numbers = file.state.next(limit)
            room -= numbers.count
            lastTurn = index
            batch.append(
                Wanted(
                    file: file.file.number, source: file.source, cipher: file.state.cipher, hashes: file.state.hashes,
                    numbers: numbers))
        }
        guard !batch.isEmpty else { return }
        isReading = true
        desk.loop.offloadInBackground(within: FileDesk.diskPatience) { [batch] in
            batch.map { ($0.file, $0.read()) }
        } then: { [weak self] results in
            guard let self else { return }
            self.isReading = false
            for (number, result) in results ?? batch.map({ ($0.file, ([], .unreadable)) }) {
                guard let file = self.files.first(where: { $0.file.number == number }) else { continue }
                for frame in result.frames where self.desk.isConnected { self.desk.owner.send(.piece(frame)) }
                if let failure = result.failure {
                    self.endForAll(file, failure)
                    self.desk.tell(
                        .file(.failed(file.file, .file(failure, largest: self.desk.largest), bytes: 0, member: nil)))
                }
            }
            self.readWanted()
        }
    }
}
