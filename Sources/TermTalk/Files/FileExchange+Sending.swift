internal import Chat
internal import EventLoop
internal import Files
internal import Sodium

// What this participant offers.
extension FileExchange {
    /// Pieces that are hashed in one go, so that other files on the same threads have their turn.
    private static let hashedAtOnce: UInt32 = 1_024
    /// Pieces that are read in one go, and of one file in its turn.
    private static let readAtOnce = 16
    private static let readInTurn = 4

    /// Hashes a file, and offers it.
    func prepare(_ path: String, to receiver: String?) {
        guard own.count + preparing < FileFormat.outgoing else { return tell(.error(.tooManyFiles)) }
        guard largest != 0 else { return tell(.error(.filesOff)) }
        preparing += 1
        loop.offload(within: Self.diskPatience) {
            Result { () throws(SourceFile.Failure) in
                try SourceFile(path: DownloadFolder.expanded(path, home: UserDirectories().home))
            }
        } then: { [weak self] opened in
            guard let self else { return }
            switch opened {
            case .success(let source)?:
                if let largest = self.largest, source.size > largest {
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
        loop.offloadInBackground(within: Self.diskPatience) {
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
        tell(.error(.file(failure, largest: largest)))
    }

    private func prepared(_ prepared: Preparation) {
        preparing -= 1
        let (source, key, hashes) = (prepared.source, prepared.key, prepared.hashes)
        if let largest, source.size > largest || largest == 0 {
            return tell(.error(.file(FileEnd.tooLarge, largest: largest)))
        }
        let offer = FileOffer(
            id: FileID(Random.uint64()), name: source.name, size: source.size, key: key,
            root: key.root(size: source.size, leaves: hashes.leaves.bytes.span))
        do throws(ChatEvent.Notice) {
            let target = try owner.offer(offer.encoded, prepared.receiver)
            guard let id = owner.id() else { return }
            let name = FileName(source.name)
            if let metadata = source.metadata { tell(.warning(.fileMetadata(name.text, metadata))) }
            let file = FileNews.File(
                number: nextNumber(), id: offer.id.description, from: id, nick: owner.nick(id), name: name.text,
                remark: name.remark, size: source.size, to: target, isOwn: true)
            own.append(OwnFile(file, source: source, state: OutgoingFile(offer, hashes)))
            tell(.file(.offered(file)))
        } catch {
            tell(.error(error))
        }
    }

    func offerAgain(_ number: Int, to member: MemberID) {
        guard let file = own.first(where: { $0.file.number == number && $0.file.to == nil }) else { return }
        do throws(ChatEvent.Notice) {
            _ = try owner.offer(file.state.offer.encoded, member.description)
        } catch {
            tell(.error(error))
        }
    }

    func withdraw(_ file: OwnFile) {
        endForAll(file, .withdrawn)
        tell(.file(.failed(file.file, .fileWithdrawn, bytes: 0, member: nil)))
    }

    /// The host has said what it passes on: what was offered before, and is larger, goes nowhere.
    func refuseLarger(than bytes: UInt64) {
        for file in own where file.file.size > bytes || bytes == 0 {
            endForAll(file, .withdrawn)
            tell(.file(.failed(file.file, .file(FileEnd.tooLarge, largest: bytes), bytes: 0, member: nil)))
        }
    }

    private func endForAll(_ file: OwnFile, _ end: FileEnd) {
        own.removeAll { $0 === file }
        for (member, receiver) in file.receivers where !receiver.isDone && !receiver.hasEnded {
            owner.send(.end(peer: member, file: file.state.offer.id, end))
        }
    }

    // MARK: What receivers say

    private func find(_ id: FileID, for member: UInt32) -> OwnFile? {
        own.first { file in
            file.state.offer.id == id && (file.file.to == nil || file.file.to?.wireValue == member)
        }
    }

    func wanted(_ id: FileID, by member: UInt32, _ first: PieceNumber, _ count: UInt16) {
        guard let file = find(id, for: member), note(member, of: file) else {
            return owner.send(.end(peer: member, file: id, .withdrawn))
        }
        file.state.wanted(first, count: count)
        readWanted()
    }

    /// Whether the receiver is one of those of the file, from now on at the latest.
    private func note(_ member: UInt32, of file: OwnFile) -> Bool {
        if var receiver = file.receivers[member], !receiver.hasEnded || receiver.endCount >= OwnFile.endLimit {
            receiver.heardAt = loop.time
            file.receivers[member] = receiver
            return !receiver.hasEnded
        }
        guard file.receivers[member] != nil || file.receivers.count < OwnFile.receiverLimit else { return false }
        var receiver = OwnFile.Receiver(heardAt: loop.time)
        receiver.endCount = file.receivers[member]?.endCount ?? 0
        file.receivers[member] = receiver
        tickLater()
        let begun = FileNews.Progress(bytes: 0, rate: 0, member: MemberID(entropy: member), isMilestone: false)
        tell(.file(.progress(file.file, begun)))
        return true
    }

    func has(_ id: FileID, _ member: UInt32, _ bytes: UInt64) {
        guard let file = find(id, for: member), note(member, of: file), var receiver = file.receivers[member] else {
            return owner.send(.end(peer: member, file: id, .unspecified))
        }
        receiver.bytes = min(bytes, file.file.size)
        let progress = receiver.pace.progress(
            receiver.bytes, of: file.file.size, member: MemberID(entropy: member), at: loop.time)
        file.receivers[member] = receiver
        if let progress { tell(.file(.progress(file.file, progress))) }
    }

    func receiverEnded(_ id: FileID, _ member: UInt32, _ end: FileEnd) {
        guard let file = find(id, for: member), file.receivers[member]?.hasEnded != true, note(member, of: file),
            end != .paused
        else { return }
        let id = MemberID(entropy: member)
        if end == .complete {
            guard file.receivers[member]?.isDone == false else { return }
            file.receivers[member]?.isDone = true
            tell(.file(.done(file.file, path: nil, member: id)))
        } else if file.receivers[member]?.isDone == false {
            let bytes = file.receivers[member]?.bytes ?? 0
            file.receivers[member]?.hasEnded = true
            file.receivers[member]?.endCount += 1
            tell(.file(.failed(file.file, .file(end, largest: largest), bytes: bytes, member: id)))
        }
    }

    /// Asks those who have not finished how far they are.
    ///
    /// - Returns: whether there are any.
    @discardableResult
    func askReceivers(silentFor silence: Duration) -> Bool {
        guard isConnected else { return own.contains { $0.receivers.values.contains { !$0.isDone && !$0.hasEnded } } }
        var isAnybodyThere = false
        for file in own {
            for (member, receiver) in file.receivers where !receiver.isDone && !receiver.hasEnded {
                isAnybodyThere = true
                guard loop.time - receiver.heardAt >= silence else { continue }
                file.receivers[member]?.heardAt = loop.time
                owner.send(.have(peer: member, file: file.state.offer.id, bytes: 0))
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
        guard !isReading, isConnected else { return }
        var room = min(Self.readAtOnce, owner.room())
        var batch: [Wanted] = []
        let turns = own.indices
        for offset in turns where room > 0 {
            let index = (lastTurn + 1 + offset) % own.count
            let file = own[index]
            guard file.state.isWanted else { continue }
            let limit = own.count { $0.state.isWanted } > 1 ? min(room, Self.readInTurn) : room
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
        loop.offloadInBackground(within: Self.diskPatience) { [batch] in
            batch.map { ($0.file, $0.read()) }
        } then: { [weak self] results in
            guard let self else { return }
            self.isReading = false
            for (number, result) in results ?? batch.map({ ($0.file, ([], .unreadable)) }) {
                guard let file = self.own.first(where: { $0.file.number == number }) else { continue }
                for frame in result.frames where self.isConnected { self.owner.send(.piece(frame)) }
                if let failure = result.failure {
                    self.endForAll(file, failure)
                    self.tell(.file(.failed(file.file, .file(failure, largest: self.largest), bytes: 0, member: nil)))
                }
            }
            self.readWanted()
        }
    }
}
