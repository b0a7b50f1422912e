import Sodium
import TestSupport

@testable import Files

/// A sender, a host and receivers in one place: carries frames between them, and breaks connections, as a seed says.
struct FileTraffic {
    struct Receiver {
        var file: IncomingFile
        var written: [UInt8]
        /// How often each piece was written.
        var writes: [UInt32: Int] = [:]
        var queue: [FileFrame] = []
        var isConnected = true
        var ends: [FileEnd] = []
    }

    static let sender: UInt32 = 1
    let data: [UInt8]
    let offer: FileOffer
    var outgoing: OutgoingFile
    var relay: FileRelay
    var receivers: [UInt32: Receiver] = [:]
    var toSender: [FileFrame] = []
    var isSenderConnected = true
    var random: SeededRandom
    var now: Duration = .zero
    /// Pieces that the sender has sent.
    var sent = 0
    var largestQueue = 0

    init(size: Int, receivers count: Int, seed: UInt64, limit: UInt64 = 1 << 30) throws {
        random = SeededRandom(seed: seed)
        data = random.bytes(size)
        let made = Self.offer(data, name: "holiday.jpg")
        offer = made.offer
        outgoing = OutgoingFile(made.offer, made.hashes)
        var limits = FileRelay.Limits()
        limits.largest = limit
        relay = FileRelay(limits)
        _ = relay.connected(Self.sender)
        for member in 0..<UInt32(count) {
            receivers[member + 2] = Receiver(file: IncomingFile(offer), written: [UInt8](repeating: 0, count: size))
            _ = relay.connected(member + 2)
        }
    }

    static func offer(_ data: [UInt8], name: String) -> (offer: FileOffer, hashes: PieceHashes) {
        let key = FileKey()
        var hashes = PieceHashes(SecretChecksum())
        for index in 0..<FileFormat.pieceCount(size: UInt64(data.count)) {
            hashes.append(index, piece(index, of: data).span, key: key)
        }
        let root = key.root(size: UInt64(data.count), leaves: hashes.leaves.bytes.span)
        return (FileOffer(id: FileID(7), name: name, size: UInt64(data.count), key: key, root: root), hashes)
    }

    /// A frame that carries no piece of any file.
    static func unsealed(_ file: FileID, _ number: PieceNumber, from peer: UInt32 = 0) -> PieceFrame {
        var frame = PieceFrame(file: file, number: number) { _ in }
        frame.peer = peer
        return frame
    }

    static func piece(_ index: UInt32, of data: [UInt8]) -> [UInt8] {
        let start = min(Int(index) * FileFormat.pieceByteCount, data.count)
        return Array(data[start..<min(start + FileFormat.pieceByteCount, data.count)])
    }

    mutating func distribute(_ outputs: [FileRelay.Output]) {
        for output in outputs {
            for receiver in output.receivers {
                if receiver == Self.sender {
                    if isSenderConnected { toSender.append(output.frame) }
                } else if receivers[receiver]?.isConnected == true {
                    receivers[receiver]?.queue.append(output.frame)
                    largestQueue = max(largestQueue, receivers[receiver]?.queue.count ?? 0)
                }
            }
        }
    }

    mutating func say(_ frame: FileFrame, from member: UInt32) throws {
        distribute(try relay.received(frame, from: member, now: now) { [receivers] in $0 == 1 || receivers[$0] != nil })
    }

    /// One thing happens.
    mutating func step() throws {
        now += .milliseconds(10)
        try senderTurn()
        for member in receivers.keys.sorted() { try receiverTurn(member) }
    }

    mutating func senderTurn() throws {
        guard isSenderConnected else { return }
        for frame in toSender {
            if case .want(_, offer.id, let first, let count) = frame { outgoing.wanted(first, count: count) }
        }
        toSender = []
        for number in outgoing.next(1 + random.below(8)) {
            let frame: PieceFrame
            if number.isList {
                frame = outgoing.cipher.sealPage(number.index, of: outgoing.hashes.leaves)
            } else if number.index < outgoing.hashes.leaves.count {
                let piece = Self.piece(number.index, of: data)
                frame = try outgoing.cipher.seal(number.index, piece.span, of: outgoing.hashes)
            } else {
                frame = outgoing.cipher.sealPadding(number.index)
            }
            sent += 1
            try say(.piece(frame), from: Self.sender)
        }
    }

    mutating func receiverTurn(_ member: UInt32) throws {
        guard var receiver = receivers[member], receiver.isConnected else { return }
        let frames = receiver.queue
        receiver.queue = []
        for frame in frames {
            switch frame {
            case .piece(let frame) where frame.peer == Self.sender && frame.file == offer.id:
                switch try receiver.file.arrived(frame, now: now) {
                case .write(let index):
                    guard let range = receiver.file.leaves.range(of: index) else { throw FileError.malformed }
                    var text = [UInt8](repeating: 0, count: FileFormat.pieceByteCount)
                    let count = offer.byteCount(of: index)
                    try receiver.file.cipher.open(
                        frame, count: count, leaf: receiver.file.leaves.bytes.span.extracting(range), into: &text)
                    let start = Int(index) * FileFormat.pieceByteCount
                    receiver.written.replaceSubrange(start..<start + count, with: text[..<count])
                    receiver.writes[index, default: 0] += 1
                    receiver.file.wrote(index)
                case .prove:
                    receiver.file.proved(PieceSet(count: offer.pieceCount))
                case .nothing, .listed, .padding:
                    break
                }
            case .end(_, _, let end): receiver.ends.append(end)
            default: break
            }
        }
        if receiver.file.phase == .proving { receiver.file.proved(PieceSet(count: offer.pieceCount)) }
        let wants = receiver.file.next(FileFormat.window - receiver.file.outstanding, now: now)
        receivers[member] = receiver
        for (first, count) in wants {
            try say(.want(peer: Self.sender, file: offer.id, first: first, count: count), from: member)
        }
    }

    /// A connection breaks, with all that is on it, or is back.
    mutating func toggle(_ member: UInt32) {
        if member == Self.sender {
            isSenderConnected.toggle()
            toSender = []
            outgoing.connectionLost()
            if isSenderConnected { distribute(relay.connected(member)) } else { relay.disconnected(member) }
            return
        }
        receivers[member]?.isConnected.toggle()
        receivers[member]?.queue = []
        receivers[member]?.file.connectionLost()
        if receivers[member]?.isConnected == true {
            distribute(relay.connected(member))
        } else {
            relay.disconnected(member)
        }
    }

    var isDone: Bool { receivers.values.allSatisfy { $0.file.phase == .finishing } }
}
