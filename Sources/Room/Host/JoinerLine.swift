internal import Chat
internal import Wire

/// Those who wait to be let into the group, in the order of their coming.
struct JoinerLine {
    /// Those who wait hold connections; a process has fewer.
    static let limit = 65_536

    private var joiners: [Joiner] = []
    private var nextSerial: UInt64 = 0

    /// Members that are not in the room yet.
    var newcomerCount: Int { count { !$0.isReturning } }

    subscript(id: MemberID) -> Joiner? { first { $0.id == id } }

    subscript(link: LinkID) -> Joiner? { first { $0.link == link } }

    mutating func add(_ joiner: Joiner) {
        var joiner = joiner
        nextSerial += 1
        joiner.serial = nextSerial
        joiners.append(joiner)
    }

    /// Nobody of that id waits any more.
    @discardableResult
    mutating func take(_ id: MemberID) -> Joiner? {
        firstIndex { $0.id == id }.map { joiners.remove(at: $0) }
    }

    /// The joiner at that place is asked to come in by itself.
    mutating func offer(at index: Int) -> Joiner {
        joiners[index].wasOffered = true
        return joiners[index]
    }

    /// Nobody is connected any more.
    mutating func restarted() {
        joiners = []
    }
}

extension JoinerLine: RandomAccessCollection {
    var startIndex: Int { joiners.startIndex }
    var endIndex: Int { joiners.endIndex }
    subscript(index: Int) -> Joiner { joiners[index] }
}

extension JoinerLine {
    init(reading reader: inout StateReader) throws(WireError) {
        nextSerial = try reader.readUInt64()
        joiners = try reader.readList(atMost: Self.limit) { reader throws(WireError) in try Joiner(reading: &reader) }
        guard nextSerial < .max / 2 else { throw .invalidValue }
    }

    func write(to writer: inout StateWriter) {
        writer.write(nextSerial)
        writer.write(list: joiners) { writer, joiner in joiner.write(to: &writer) }
    }
}
