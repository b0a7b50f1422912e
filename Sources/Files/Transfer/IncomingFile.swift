/// A file on its way to a receiver: which pieces are to be asked for, and which it has. Sans-IO; its owner opens, proves and
/// writes the data.
package struct IncomingFile: Sendable {
    package enum Phase: Sendable, Equatable {
        /// The list of hashes is fetched.
        case listing
        /// The owner compares with the list what the part file has.
        case proving
        case fetching
        /// All is written; the owner gives it its name.
        case finishing
    }

    /// What to do with a piece that has come.
    package enum Arrival: Sendable, Equatable {
        /// It was not asked for, or is there.
        case nothing
        /// A part of the list that is not whole yet.
        case listed
        /// The list is whole: the owner calls ``proved(_:)``.
        case prove
        /// Open it, write it, and call ``wrote(_:)`` or ``refused(_:)``.
        case write(UInt32)
        /// Calls for nothing but that the next are asked for.
        case padding
    }

    let offer: FileOffer
    package let cipher: PieceCipher
    package private(set) var phase = Phase.listing
    /// Parts of the list, and then pieces of the data, that are there.
    private var pieces: PieceSet
    package private(set) var leaves = LeafList()
    private var list: [UInt8]
    private var asked: Set<UInt32> = []
    private var writing: Set<UInt32> = []
    /// All before have been asked for.
    private var cursor: UInt32 = 0
    private var refusals = 0
    /// Bytes of the data that are written and proven.
    package private(set) var byteCount: UInt64 = 0
    /// When something came last, or was asked for first.
    private var lastProgress: Duration = .zero

    /// How long nothing of what was asked for may come, until it is asked for again.
    static let patience = Duration.seconds(20)

    package init(_ offer: FileOffer) {
        self.offer = offer
        cipher = PieceCipher(offer)
        pieces = PieceSet(count: FileFormat.pageCount(pieces: offer.pieceCount))
        list = [UInt8](repeating: 0, count: Int(offer.pieceCount) * FileFormat.leafByteCount)
        if pieces.isFull { phase = .proving }
    }

    /// Pieces that were asked for and are not written.
    package var outstanding: Int { asked.count + writing.count }

    /// What to ask for, when `room` pieces more may be outstanding.
    package mutating func next(_ room: Int, now: Duration) -> [(first: PieceNumber, count: UInt16)] {
        guard phase == .listing || phase == .fetching else { return [] }
        if asked.isEmpty { lastProgress = now }
        var ranges: [(first: PieceNumber, count: UInt16)] = []
        var room = room
        while room > 0, let index = pieces.missing(from: cursor) {
            cursor = index + 1
            guard !writing.contains(index), asked.insert(index).inserted else { continue }
            room -= 1
            if let last = ranges.last, last.first.index + UInt32(last.count) == index {
                ranges[ranges.count - 1].count += 1
            } else {
                ranges.append((phase == .listing ? .list(index) : .data(index), 1))
            }
        }
        return ranges
    }

    /// Asks anew for what was asked for and did not come, when that is long ago; true when it does.
    package mutating func askAgain(now: Duration) -> Bool {
        guard !asked.isEmpty, now - lastProgress >= Self.patience else { return false }
        connectionLost()
        return true
    }

    /// What was asked for does not come any more.
    package mutating func connectionLost() {
        asked = []
        cursor = 0
    }

    /// A piece has come.
    ///
    /// - Throws: ``FileError/forged``: what the sender sends is not what it has offered.
    package mutating func arrived(_ frame: PieceFrame, now: Duration) throws(FileError) -> Arrival {
        let number = frame.number
        guard number.isList == (phase == .listing), asked.remove(number.index) != nil else { return .nothing }
        lastProgress = now
        guard phase == .listing else {
            if number.index >= offer.pieceCount {
                pieces.insert(number.index)
                finishIfWhole()
                return .padding
            }
            writing.insert(number.index)
            return .write(number.index)
        }
        let page = try cipher.openPage(frame)
        let start = Int(number.index) * FileFormat.pieceByteCount
        let count = min(page.count, list.count - start)
        guard page[count...].allSatisfy({ $0 == 0 }) else { throw .forged }
        list.replaceSubrange(start..<start + count, with: page[..<count])
        pieces.insert(number.index)
        guard pieces.isFull else { return .listed }
        guard offer.key.root(size: offer.size, leaves: list.span) == offer.root else { throw .forged }
        leaves = LeafList(list)
        list = []
        phase = .proving
        return .prove
    }

    /// The part file has these pieces.
    package mutating func proved(_ had: PieceSet) {
        precondition(phase == .proving && had.count == offer.pieceCount, "the part file is proven once, by the list")
        pieces = PieceSet(count: FileFormat.paddedCount(offer.pieceCount))
        for index in 0..<had.count where had.contains(index) { has(index) }
        cursor = 0
        phase = .fetching
        finishIfWhole()
    }

    /// The data of a piece is written.
    package mutating func wrote(_ index: UInt32) {
        guard writing.remove(index) != nil else { return }
        has(index)
        finishIfWhole()
    }

    /// A piece was not the one that was offered: it is asked for again, some times.
    ///
    /// - Throws: ``FileError/forged`` when that has happened too often.
    package mutating func refused(_ index: UInt32) throws(FileError) {
        writing.remove(index)
        cursor = 0
        refusals += 1
        if refusals >= FileFormat.refused { throw .forged }
    }

    private mutating func has(_ index: UInt32) {
        if pieces.insert(index) { byteCount += UInt64(offer.byteCount(of: index)) }
    }

    private mutating func finishIfWhole() {
        if phase == .fetching, pieces.isFull, writing.isEmpty { phase = .finishing }
    }
}
