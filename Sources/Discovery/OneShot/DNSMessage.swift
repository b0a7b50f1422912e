internal import Transport

/// What of a message of DNS (RFC 1035, 4) tells of services, and questions for it.
struct DNSMessage: Equatable {
    /// Labels of a name, the first one first.
    typealias Name = [[UInt8]]

    enum Kind: UInt16 {
        case a = 1
        case ptr = 12
        case txt = 16
        case aaaa = 28
        case srv = 33
    }

    struct Question: Hashable {
        let name: Name
        let kind: Kind
    }

    enum Content: Equatable {
        case service(Name)
        case server(port: UInt16, host: Name)
        /// The first `RoomAnnouncement.stringLimit` of them.
        case strings([[UInt8]])
        case address(IPAddress)
    }

    struct Record: Equatable {
        let owner: Name
        let content: Content
    }

    private static let internet: UInt16 = 1
    /// Of a record's class: that there are no others like it (RFC 6762, 10.2).
    private static let isUnique: UInt16 = 0x8000
    /// An answer, to a standard question, without an error; other flags are left out of account.
    private static let answerMask: UInt16 = 0xF80F
    private static let answer: UInt16 = 0x8000

    let number: UInt16
    /// Of the kinds above, in order.
    private(set) var records: [Record] = []

    /// Reads an answer; nil for a message that is none.
    init?(answer bytes: [UInt8]) throws(DNSError) {
        var reader = DNSReader(bytes)
        number = try reader.readUInt16()
        let flags = try reader.readUInt16()
        var counts: [Int] = []
        for _ in 0..<4 { counts.append(Int(try reader.readUInt16())) }
        guard flags & Self.answerMask == Self.answer else { return nil }
        for _ in 0..<counts.removeFirst() {
            _ = try reader.readName()
            _ = try reader.take(4)
        }
        for _ in 0..<counts.reduce(0, +) {
            if let record = try Self.record(&reader) { records.append(record) }
        }
    }

    private static func record(_ reader: inout DNSReader) throws(DNSError) -> Record? {
        let owner = try reader.readName()
        let kind = try reader.readUInt16()
        let recordClass = try reader.readUInt16()
        _ = try reader.take(4)
        let length = Int(try reader.readUInt16())
        var inside = reader
        let bytes = try reader.take(length)
        guard recordClass & ~isUnique == internet, let kind = Kind(rawValue: kind) else { return nil }
        let content: Content
        switch kind {
        case .ptr:
            content = .service(try inside.readName())
        case .srv:
            _ = try inside.take(4)
            content = .server(port: try inside.readUInt16(), host: try inside.readName())
        case .txt:
            var strings: [[UInt8]] = []
            while inside.position < reader.position {
                let string = Array(try inside.take(Int(try inside.take(1).first ?? 0)))
                if strings.count < RoomAnnouncement.stringLimit { strings.append(string) }
            }
            content = .strings(strings)
        case .a, .aaaa:
            guard length == (kind == .a ? 4 : 16), let address = IPAddress(bytes: Array(bytes)) else {
                throw .malformed
            }
            _ = try inside.take(length)
            content = .address(address)
        }
        guard inside.position == reader.position else { throw .malformed }
        return Record(owner: owner, content: content)
    }

    /// A message that asks.
    static func asking(_ questions: some Collection<Question>, number: UInt16) -> [UInt8] {
        var bytes: [UInt8] = []
        func add(_ number: UInt16) { bytes += [UInt8(number >> 8), UInt8(truncatingIfNeeded: number)] }
        for field in [number, 0, UInt16(clamping: questions.count), 0, 0, 0] { add(field) }
        for question in questions {
            for label in question.name { bytes += [UInt8(label.count)] + label }
            bytes.append(0)
            add(question.kind.rawValue)
            add(internet)
        }
        return bytes
    }
}
