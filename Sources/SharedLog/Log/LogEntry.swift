package import Wire

/// What stands in a shared log, before it is sealed.
package enum LogEntry: Hashable, Sendable {
    /// The first entry of an epoch.
    case opened(EpochOpening)
    case written(WrittenEntry)

    /// An entry in the TLS presentation language.
    package var bytes: [UInt8] {
        var writer = ByteWriter(reserving: 96)
        switch self {
        case .opened(let opening):
            writer.write(UInt8(0))
            opening.before.write(to: &writer)
            writer.writeUTF8Vector(opening.token.text)
            opening.opener.write(to: &writer)
            writer.write(opening.round)
        case .written(let entry):
            writer.write(UInt8(1))
            entry.writer.write(to: &writer)
            writer.write(entry.number)
            entry.epochHead.write(to: &writer)
            entry.seen.write(to: &writer)
            writer.write(entry.time)
            entry.content.write(to: &writer)
        }
        return writer.bytes
    }

    package init(bytes: ArraySlice<UInt8>) throws(WireError) {
        var reader = ByteReader(bytes)
        switch try reader.readUInt8() {
        case 0:
            self = .opened(
                EpochOpening(
                    before: try LogPlace(reading: &reader),
                    token: StoreToken(try reader.readUTF8Vector(atMost: StoreToken.byteLimit)),
                    opener: try WriterID(reading: &reader), round: try reader.readUInt32()))
        case 1:
            self = .written(
                WrittenEntry(
                    writer: try WriterID(reading: &reader), number: try reader.readUInt64(),
                    epochHead: try LogHead(reading: &reader),
                    seen: try LogPlace(reading: &reader), time: try reader.readUInt64(),
                    content: try LogContent(reading: &reader)))
        default:
            throw .invalidValue
        }
        try reader.finish()
    }
}

/// An epoch was opened: what follows is written to a store that has lost nothing since.
package struct EpochOpening: Hashable, Sendable {
    /// The place behind which it was opened.
    let before: LogPlace
    /// The life of the store that it is for.
    let token: StoreToken
    /// Who opens, and in how many rounds it has waited: no two openings are the same.
    let opener: WriterID
    let round: UInt32

    package init(before: LogPlace, token: StoreToken, opener: WriterID, round: UInt32) {
        self.before = before
        self.token = token
        self.opener = opener
        self.round = round
    }
}

/// One life of the store, in which it forgets nothing: of Redis the process and its replication id, in one word.
package struct StoreToken: Hashable, Sendable {
    /// Two ids of 40 characters, and one between.
    static let byteLimit = 81

    package let text: String

    package init(_ text: String) {
        self.text = text
    }
}

/// What a writer wrote.
package struct WrittenEntry: Hashable, Sendable {
    package let writer: WriterID
    /// Its number among the writer's entries, from 1: an entry counts if it is the next, so that it can be written any number of times.
    let number: UInt64
    /// The head behind the opening of the epoch that it is for: two histories can have epochs of the same number.
    let epochHead: LogHead
    /// How far the writer had read.
    let seen: LogPlace
    /// The room's time in milliseconds.
    package let time: UInt64
    package let content: LogContent

    package init(
        writer: WriterID, number: UInt64, epochHead: LogHead, seen: LogPlace, time: UInt64, content: LogContent
    ) {
        self.writer = writer
        self.number = number
        self.epochHead = epochHead
        self.seen = seen
        self.time = time
        self.content = content
    }
}

/// What an entry says.
package enum LogContent: Hashable, Sendable {
    /// The longest input in bytes: the longest message of a member, a Commit of a large group, and what its host says with it.
    static let inputLimit = 4 << 20

    /// The first of a writer. It takes the place of `instead`, which is the same host.
    case hello(instead: WriterID?)
    /// The writer lives, and has seen what it says.
    case beat
    /// Nothing was heard of a writer after its entry of that number. Void if there was one meanwhile.
    case gone(WriterID, after: UInt64)
    /// Something for the room, and its number among those of its host, which stays when it is written again, by another incarnation.
    case input(UInt64, [UInt8])

    init(reading reader: inout ByteReader) throws(WireError) {
        switch try reader.readUInt8() {
        case 0: self = .hello(instead: nil)
        case 1: self = .hello(instead: try WriterID(reading: &reader))
        case 2: self = .beat
        case 3: self = .gone(try WriterID(reading: &reader), after: try reader.readUInt64())
        case 4: self = .input(try reader.readUInt64(), try reader.readVector(atMost: Self.inputLimit))
        default: throw .invalidValue
        }
    }

    func write(to writer: inout ByteWriter) {
        switch self {
        case .hello(instead: nil):
            writer.write(UInt8(0))
        case .hello(let instead?):
            writer.write(UInt8(1))
            instead.write(to: &writer)
        case .beat:
            writer.write(UInt8(2))
        case .gone(let gone, let number):
            writer.write(UInt8(3))
            gone.write(to: &writer)
            writer.write(number)
        case .input(let index, let bytes):
            writer.write(UInt8(4))
            writer.write(index)
            writer.writeVector(bytes)
        }
    }
}
