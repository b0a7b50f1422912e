internal import Chat
internal import Room
internal import Sodium
internal import Wire

/// What happens to a room that several hosts hold, as it stands in their log. Links have the numbers that the host which writes it has
/// given them: no host speaks for the links of another.
enum RoomInput: Equatable {
    /// How a visitor came by the room's door.
    enum Pass: Equatable {
        /// With the relay's own invite, which is for the founder of the group, or where that is enough without one.
        case first
        /// With an invite, of which this is the mark.
        case group([UInt8])
    }

    struct Acknowledgement: Equatable {
        let link: UInt32
        /// Records that the peer has received on its session.
        let records: UInt32
    }

    /// The most acknowledgements in one input.
    static let acknowledgementLimit = 4_096

    /// The room begins, with these terms.
    case began(SharedTerms)
    /// A message came, whose sender has proved to hold that key.
    case said(UInt32, key: [UInt8], way: Int32, Pass, type: UInt8, body: [UInt8])
    /// The owner of the key wants its session to go on, of which it has received so many records.
    case returned(UInt32, key: [UInt8], session: UInt32, received: UInt32)
    /// The link's peer, which came in, had received so many records before.
    case opened(UInt32, records: UInt32)
    case acknowledged([Acknowledgement])
    /// The connection is gone.
    case lost(UInt32)
    /// The peer broke the protocol.
    case cutOff(UInt32)
    /// The member may have heard what is not in the log any more, or never had a session: it comes in anew, to its place.
    case fellBehind(UInt32)
    /// The room is over.
    case ended(ChatEvent.CloseReason)
    /// The host is reached there from now on; nowhere, when it takes nobody any more.
    case listens([HostPlace])

    /// In the TLS presentation language.
    var bytes: [UInt8] {
        var writer = ByteWriter(reserving: 64)
        switch self {
        case .began(let terms):
            writer.write(UInt8(0))
            terms.write(to: &writer)
        case .said(let link, let key, let way, let pass, let type, let body):
            writer.write(UInt8(1))
            writer.write(link)
            writer.writeVector(key)
            writer.write(UInt32(bitPattern: way))
            switch pass {
            case .first: writer.write(UInt8(0))
            case .group(let mark):
                writer.write(UInt8(1))
                writer.writeVector(mark)
            }
            writer.write(type)
            writer.writeVector(body)
        case .returned(let link, let key, let session, let received):
            writer.write(UInt8(2))
            writer.write(link)
            writer.writeVector(key)
            writer.write(session)
            writer.write(received)
        case .opened(let link, let records):
            writer.write(UInt8(3))
            writer.write(link)
            writer.write(records)
        case .acknowledged(let list):
            writer.write(UInt8(4))
            writer.write(UInt32(clamping: list.count))
            for acknowledgement in list {
                writer.write(acknowledgement.link)
                writer.write(acknowledgement.records)
            }
        case .lost(let link):
            writer.write(UInt8(5))
            writer.write(link)
        case .cutOff(let link):
            writer.write(UInt8(6))
            writer.write(link)
        case .ended(let reason):
            writer.write(UInt8(7))
            writer.write(UInt8(reason == .moderatorEnded ? 1 : reason == .ttl ? 2 : 0))
        case .listens(let places):
            writer.write(UInt8(8))
            writer.write(places)
        case .fellBehind(let link):
            writer.write(UInt8(9))
            writer.write(link)
        }
        return writer.bytes
    }

    init(bytes: [UInt8]) throws(WireError) {
        var reader = ByteReader(bytes)
        switch try reader.readUInt8() {
        case 0:
            self = .began(try SharedTerms(reading: &reader))
        case 1:
            let link = try reader.readUInt32()
            let key = try reader.readVector(atMost: Self.keyByteCount)
            let way = Int32(bitPattern: try reader.readUInt32())
            let pass: Pass =
                switch try reader.readUInt8() {
                case 0: .first
                case 1: .group(try reader.readVector(atMost: Self.markByteCount))
                default: throw .invalidValue
                }
            self = .said(
                link, key: key, way: way, pass, type: try reader.readUInt8(),
                body: try reader.readVector(atMost: RoomLimits.groupMessageByteCount))
        case 2:
            self = .returned(
                try reader.readUInt32(), key: try reader.readVector(atMost: Self.keyByteCount),
                session: try reader.readUInt32(), received: try reader.readUInt32())
        case 3:
            self = .opened(try reader.readUInt32(), records: try reader.readUInt32())
        case 4:
            let count = try reader.readUInt32()
            guard count <= Self.acknowledgementLimit else { throw .tooLong }
            var list: [Acknowledgement] = []
            for _ in 0..<count {
                list.append(Acknowledgement(link: try reader.readUInt32(), records: try reader.readUInt32()))
            }
            self = .acknowledged(list)
        case 5: self = .lost(try reader.readUInt32())
        case 6: self = .cutOff(try reader.readUInt32())
        case 7:
            switch try reader.readUInt8() {
            case 0: self = .ended(.hostQuit)
            case 1: self = .ended(.moderatorEnded)
            case 2: self = .ended(.ttl)
            default: throw .invalidValue
            }
        case 8: self = .listens(try reader.readHostPlaces(atMost: HostPlace.placesPerHost))
        case 9: self = .fellBehind(try reader.readUInt32())
        default:
            throw .invalidValue
        }
        try reader.finish()
    }

    private static let keyByteCount = 32
    private static let markByteCount = 16
    private static let markLabel = "TermTalk shared room: invite"

    /// What the key for handshakes of an invite is told by among the hosts, who all know those of the group.
    static func mark(of key: borrowing SecretBytes) -> [UInt8] { key.withBytes { mark(of: $0) } }

    static func mark(of key: Span<UInt8>) -> [UInt8] {
        var hash = BLAKE2b()
        hash.update(Array(markLabel.utf8).span)
        hash.update(key)
        return Array(hash.finalize().prefix(markByteCount))
    }
}
