/// A file that a member offers: which of its pieces are wanted, in the order in which they were asked for. Sans-IO.
package struct OutgoingFile: Sendable {
    package let offer: FileOffer
    package let hashes: PieceHashes
    package let cipher: PieceCipher
    private var queue: [PieceNumber] = []
    private var isQueued: Set<PieceNumber> = []

    package init(_ offer: FileOffer, _ hashes: PieceHashes) {
        self.offer = offer
        self.hashes = hashes
        cipher = PieceCipher(offer)
    }

    package var isWanted: Bool { !queue.isEmpty }

    /// A receiver, or several, wants these; what the file does not have is left out, and what is wanted already comes once.
    package mutating func wanted(_ first: PieceNumber, count: UInt16) {
        let end =
            first.isList
            ? FileFormat.pageCount(pieces: offer.pieceCount) : FileFormat.paddedCount(offer.pieceCount)
        for index in first.index..<first.index + UInt32(count) where index < end && queue.count < FileFormat.wanted {
            let number = first.isList ? PieceNumber.list(index) : .data(index)
            if isQueued.insert(number).inserted { queue.append(number) }
        }
    }

    /// Takes the first of what is wanted.
    package mutating func next(_ limit: Int) -> [PieceNumber] {
        let taken = Array(queue.prefix(limit))
        queue.removeFirst(taken.count)
        isQueued.subtract(taken)
        return taken
    }

    /// The host asks again for what is still wanted.
    package mutating func connectionLost() {
        queue = []
        isQueued = []
    }
}
