import Sodium
import TestSupport
import Testing

@testable import Files

@Suite struct FileOfferTests {
    @Test("Keyed BLAKE2b gives what Python's hashlib gives")
    func keyedHash() {
        let bytes = (0..<32).map { UInt8($0) }
        var hash = KeyedBLAKE2b(key: SecretBytes(copying: bytes.span))
        let message = Array("abc".utf8)
        hash.update(message.span)
        #expect(hex(hash.finalize()) == "d63a32d3e44738d7907f964316c241adaba0abfeabc32349677578a15a203f7f")
    }

    @Test("An offer is read as it was written; what is cut, longer or too large is refused")
    func codec() throws {
        let (offer, _) = FileTraffic.offer([1, 2, 3], name: "a.txt")
        let bytes = offer.encoded.copy()
        let read = try FileOffer(decoding: bytes)
        #expect(read.encoded.copy() == bytes && read.name == "a.txt" && read.size == 3 && read.id == FileID(7))
        for count in 0..<bytes.count {
            #expect(throws: FileError.malformed) { try FileOffer(decoding: Array(bytes[..<count])) }
        }
        #expect(throws: FileError.malformed) { try FileOffer(decoding: bytes + [0]) }
        func with(size: UInt64, name: String) -> [UInt8] {
            FileOffer(id: offer.id, name: name, size: size, key: offer.key, root: offer.root).encoded.copy()
        }
        let longest = String(repeating: "n", count: FileFormat.nameByteCount)
        #expect(throws: Never.self) { try FileOffer(decoding: with(size: FileFormat.largestSize, name: longest)) }
        #expect(throws: FileError.malformed) {
            try FileOffer(decoding: with(size: FileFormat.largestSize + 1, name: ""))
        }
        #expect(throws: FileError.malformed) { try FileOffer(decoding: with(size: 1, name: longest + "n")) }
    }

    @Test("A piece opens at its place, in its file, as it was offered, and nowhere else")
    func pieces() throws {
        let data = [UInt8](repeating: 5, count: 40_000)
        let (offer, hashes) = FileTraffic.offer(data, name: "x")
        let (other, otherHashes) = FileTraffic.offer(data, name: "x")
        let cipher = PieceCipher(offer)
        let last = FileTraffic.piece(2, of: data)
        let lastLeaf = Array(hashes.leaves.bytes[try #require(hashes.leaves.range(of: 2))])
        let sealed = try cipher.seal(2, last, of: hashes)
        #expect(sealed.bytes.count == FileFormat.pieceFrameByteCount)
        #expect(sealed.file == offer.id && sealed.number == .data(2) && sealed.peer == 0)
        #expect(try cipher.open(sealed, count: last.count, leaf: lastLeaf) == last)
        // Another place, another size, another file, a changed bit, one that is short.
        var moved = sealed.bytes
        moved[16] = 1
        #expect(throws: FileError.forged) {
            try cipher.open(PieceFrame(decoding: moved), count: last.count, leaf: lastLeaf)
        }
        #expect(throws: FileError.forged) { try cipher.open(sealed, count: last.count - 1, leaf: lastLeaf) }
        #expect(throws: FileError.forged) { try cipher.open(sealed, count: last.count + 1, leaf: lastLeaf) }
        #expect(throws: FileError.forged) { try PieceCipher(other).open(sealed, count: last.count, leaf: lastLeaf) }
        var flipped = sealed.bytes
        flipped[100] ^= 1
        #expect(throws: FileError.forged) {
            try cipher.open(PieceFrame(decoding: flipped), count: last.count, leaf: lastLeaf)
        }
        #expect(throws: FileError.malformed) { try PieceFrame(decoding: Array(sealed.bytes.dropLast())) }
        #expect(throws: FileError.malformed) { try PieceFrame(decoding: sealed.bytes + [0]) }
        // Sealed by somebody who has the key, but not what was offered.
        let otherLeaf = Array(otherHashes.leaves.bytes[..<FileFormat.leafByteCount])
        #expect(throws: FileError.forged) { try cipher.open(sealed, count: last.count, leaf: otherLeaf) }
    }

    @Test("A piece in which a bit has changed, or that is longer or another one, is not sealed")
    func changed() throws {
        let data = (0..<40_000).map { UInt8(truncatingIfNeeded: $0 / 7) }
        let (offer, hashes) = FileTraffic.offer(data, name: "x")
        let cipher = PieceCipher(offer)
        let first = FileTraffic.piece(0, of: data)
        #expect(throws: Never.self) { try cipher.seal(0, first, of: hashes) }
        for index in [0, 15, 16, 7_000, first.count - 1] {
            var other = first
            other[index] ^= 0x80
            #expect(throws: FileError.changed) { try cipher.seal(0, other, of: hashes) }
        }
        let last = FileTraffic.piece(2, of: data)
        #expect(throws: Never.self) { try cipher.seal(2, last, of: hashes) }
        let longer = last + [0]
        #expect(throws: FileError.changed) { try cipher.seal(2, longer, of: hashes) }
        #expect(throws: FileError.changed) { try cipher.seal(1, first, of: hashes) }
        #expect(throws: FileError.changed) { try cipher.seal(3, last, of: hashes) }
    }

    @Test("Sums of the same bytes are the same, of others, and under another key, others")
    func checksum() {
        let checksum = SecretChecksum()
        let (one, other): ([UInt8], [UInt8]) = ([1, 2, 3], [1, 2, 4])
        #expect(checksum.sum(of: one) == checksum.sum(of: one))
        #expect(checksum.sum(of: one) != checksum.sum(of: other))
        #expect(checksum.sum(of: one) != SecretChecksum().sum(of: one))
        #expect(checksum.sum(of: []) != checksum.sum(of: one))
    }

    @Test("Hashes of pieces are put together in blocks")
    func blocks() {
        let data = [UInt8](repeating: 3, count: 50_000)
        let (key, checksum) = (FileKey(), SecretChecksum())
        func block(_ range: Range<UInt32>) -> PieceHashes {
            var hashes = PieceHashes(checksum)
            for index in range { hashes.append(index, FileTraffic.piece(index, of: data).span, key: key) }
            return hashes
        }
        var hashes = block(0..<2)
        hashes.append(block(2..<4))
        #expect(hashes.leaves == block(0..<4).leaves)
        for index in UInt32(0)..<4 { #expect(hashes.isUnchanged(index, FileTraffic.piece(index, of: data))) }
        #expect(!hashes.isUnchanged(3, FileTraffic.piece(2, of: data)))
    }

    @Test("A list of hashes that is not the offer's ends the transfer")
    func forgedList() throws {
        let data = [UInt8](repeating: 1, count: 20_000)
        let (offer, _) = FileTraffic.offer(data, name: "x")
        // Somebody who has the key makes a list of another content.
        var lie = LeafList()
        for index in 0..<offer.pieceCount { lie.append(leaf(of: offer.key, index)) }
        var incoming = IncomingFile(offer)
        _ = incoming.next(1, now: .zero)
        #expect(throws: FileError.forged) {
            try incoming.arrived(PieceCipher(offer).sealPage(0, of: lie), now: .zero)
        }
    }

    @Test("A receiver takes nothing that it has not asked for, and gives up after so many wrong pieces")
    func unasked() throws {
        let data = [UInt8](repeating: 1, count: 100_000)
        let (offer, hashes) = FileTraffic.offer(data, name: "x")
        var incoming = IncomingFile(offer)
        let page = PieceCipher(offer).sealPage(0, of: hashes.leaves)
        let piece = PieceCipher(offer).sealPadding(0)
        #expect(try incoming.arrived(page, now: .zero) == .nothing)
        #expect(incoming.next(64, now: .zero).map(\.count) == [1])
        #expect(try incoming.arrived(piece, now: .zero) == .nothing)
        #expect(try incoming.arrived(page, now: .zero) == .prove)
        var had = PieceSet(count: offer.pieceCount)
        had.insert(1)
        incoming.proved(had)
        #expect(incoming.byteCount == UInt64(FileFormat.pieceByteCount))
        for count in 1...FileFormat.refused {
            #expect(incoming.next(1, now: .zero).map(\.first) == [.data(0)])
            #expect(try incoming.arrived(piece, now: .zero) == .write(0))
            if count < FileFormat.refused {
                try incoming.refused(0)
            } else {
                #expect(throws: FileError.forged) { try incoming.refused(0) }
            }
        }
    }

    @Test("What does not come is asked for again after a while")
    func patience() throws {
        let (offer, _) = FileTraffic.offer([UInt8](repeating: 1, count: 100), name: "x")
        var incoming = IncomingFile(offer)
        #expect(incoming.next(8, now: .zero).count == 1)
        #expect(incoming.next(8, now: .zero).isEmpty)
        let early = incoming.askAgain(now: IncomingFile.patience - .milliseconds(1))
        #expect(!early)
        let late = incoming.askAgain(now: IncomingFile.patience)
        #expect(late)
        #expect(incoming.next(8, now: IncomingFile.patience).count == 1)
    }

    @Test("The number of pieces fetched says little of the size, and costs at most an eighth")
    func padding() {
        var classes: Set<UInt32> = []
        for count in UInt32(0)...7_000 {
            let padded = FileFormat.paddedCount(count)
            #expect(padded >= count && Double(padded) <= Double(count) * 1.125)
            #expect(FileFormat.paddedCount(padded) == padded)
            classes.insert(padded)
        }
        #expect(classes.count < 90)
    }
}

private func leaf(of key: FileKey, _ index: UInt32) -> [UInt8] {
    let lie: [UInt8] = [9, 9]
    return key.leaf(index, lie.span)
}

extension SecretChecksum {
    fileprivate func sum(of bytes: [UInt8]) -> Sum { sum(of: bytes.span) }
}

extension PieceHashes {
    fileprivate func isUnchanged(_ index: UInt32, _ bytes: [UInt8]) -> Bool { isUnchanged(index, bytes.span) }
}

extension PieceCipher {
    fileprivate func seal(_ index: UInt32, _ bytes: [UInt8], of hashes: PieceHashes) throws(FileError) -> PieceFrame {
        try seal(index, bytes.span, of: hashes)
    }

    fileprivate func open(_ frame: PieceFrame, count: Int, leaf: [UInt8]) throws(FileError) -> [UInt8] {
        var text = [UInt8](repeating: 0xFF, count: FileFormat.pieceByteCount)
        try open(frame, count: count, leaf: leaf.span, into: &text)
        return Array(text[..<count])
    }
}
