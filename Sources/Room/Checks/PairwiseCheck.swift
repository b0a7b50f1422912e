internal import Sodium
internal import Wire

/// Two members find out whether each has the other's key, and nobody's in between: both commit to a nonce before either
/// sees the other's, and words are made of both nonces and both keys. People compare those over another channel.
///
/// Whoever stands in between has two checks with other keys, and has to commit to its nonces before it knows how the words
/// will come out: equal ones are a guess of 1 in 2^44. A commitment names who made it and for whom, so that it cannot be
/// given back. Both may begin at once: each takes the other's beginning for the answer.
///
/// A value without time and network. It knows nothing of marks: only a person calls somebody verified.
struct PairwiseCheck {
    /// Between whom.
    struct Parties: Equatable {
        var groupID: [UInt8]
        var ownKey: [UInt8]
        var peerKey: [UInt8]
    }

    enum State: Equatable {
        /// Our commitment is sent; our nonce is not.
        case committed
        /// Both commitments are known; our nonce is sent.
        case revealed(peerCommitment: [UInt8])
        case compared(words: [String])
    }

    enum Step: Equatable {
        case send(CheckMessage)
        /// To be compared by the two people.
        case show([String])
    }

    enum Failure: Error, Equatable {
        /// What was revealed is not what was committed to.
        case brokenCommitment
        /// Of an earlier check, a second time, or too early. The check goes on without it.
        case outOfTurn
        /// The other one has begun anew.
        case begunAnew
    }

    /// 44 bits, of which nobody can choose any.
    static let wordCount = 4
    private static let commitmentLabel = "TermTalk check commitment 1"
    private static let wordsLabel = "TermTalk check words 1"

    let parties: Parties
    private let nonce: [UInt8]
    let commitment: [UInt8]
    private(set) var state: State

    /// This member begins.
    init(
        beginning parties: Parties, nonce: [UInt8] = Random.bytes(CheckMessage.partByteCount), steps: inout [Step]
    ) {
        self.parties = parties
        self.nonce = nonce
        commitment = Self.commitment(by: parties.ownKey, for: parties.peerKey, in: parties.groupID, nonce: nonce)
        state = .committed
        steps.append(.send(.begin(commitment)))
    }

    /// The other one has begun, with this commitment.
    init(
        answering peerCommitment: [UInt8], _ parties: Parties,
        nonce: [UInt8] = Random.bytes(CheckMessage.partByteCount), steps: inout [Step]
    ) {
        self.parties = parties
        self.nonce = nonce
        commitment = Self.commitment(by: parties.ownKey, for: parties.peerKey, in: parties.groupID, nonce: nonce)
        state = .revealed(peerCommitment: peerCommitment)
        steps.append(.send(.answer(commitment, to: peerCommitment)))
        steps.append(.send(.reveal(nonce, to: peerCommitment)))
    }

    mutating func received(_ message: CheckMessage, steps: inout [Step]) throws(Failure) {
        switch (state, message) {
        case (.committed, .begin(let theirs)):
            reveal(to: theirs, steps: &steps)
        case (.committed, .answer(let theirs, to: commitment)):
            reveal(to: theirs, steps: &steps)
        case (.revealed(let theirs), .reveal(let peerNonce, to: commitment)):
            guard
                theirs
                    == Self.commitment(
                        by: parties.peerKey, for: parties.ownKey, in: parties.groupID, nonce: peerNonce)
            else { throw .brokenCommitment }
            let words = words(with: peerNonce)
            state = .compared(words: words)
            steps.append(.show(words))
        case (.revealed, .begin), (.compared, .begin):
            throw .begunAnew
        default:
            throw .outOfTurn
        }
    }

    private mutating func reveal(to theirs: [UInt8], steps: inout [Step]) {
        state = .revealed(peerCommitment: theirs)
        steps.append(.send(.reveal(nonce, to: theirs)))
    }

    static func commitment(
        by committer: [UInt8], for receiver: [UInt8], in groupID: [UInt8], nonce: [UInt8]
    ) -> [UInt8] {
        Array(hash(commitmentLabel, groupID, committer, receiver, nonce).prefix(CheckMessage.partByteCount))
    }

    /// The same at both ends: the one with the lower key comes first.
    private func words(with peerNonce: [UInt8]) -> [String] {
        let parts =
            parties.ownKey.lexicographicallyPrecedes(parties.peerKey)
            ? [parties.ownKey, parties.peerKey, nonce, peerNonce]
            : [parties.peerKey, parties.ownKey, peerNonce, nonce]
        let hash = Self.hash(Self.wordsLabel, parties.groupID, parts[0], parts[1], parts[2], parts[3])
        return WordList.words(Self.wordCount, of: hash)
    }

    private static func hash(_ label: String, _ parts: [UInt8]...) -> [UInt8] {
        var writer = ByteWriter()
        writer.writeUTF8Vector(label)
        for part in parts { writer.writeVector(part) }
        return BLAKE2b.hash(writer.bytes.span)
    }
}
