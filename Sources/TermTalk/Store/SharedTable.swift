internal import Chat
internal import Room
internal import SharedLog
internal import Wire

/// What the hosts that hold one room know of each other's links: the same at all that have read as far.
struct SharedTable: Equatable {
    /// How many hosts a room has over its life, each process counted.
    static let hostLimit = 65_536
    /// How many links there are at a time: many times what a room has members.
    static let linkLimit = 1 << 20
    /// Hosts whose places are known: those that live.
    static let placedHostLimit = WriterTable.limit

    private(set) var terms: SharedTerms?
    /// The numbers of the hosts in the room, in the order of their coming, from 1.
    private var hosts: [UInt64: UInt32] = [:]
    /// Those by which something came, and which are not gone.
    private var links: Set<LinkID> = []
    /// Those of them whose peers are members.
    private var members: [LinkID: MemberID] = [:]
    /// Where the hosts that live are reached, as they say.
    private var places: [UInt32: [HostPlace]] = [:]
    /// What members are told: the first place of each host, in the order of their coming, then the second ones.
    private(set) var hostPlaces: [HostPlace] = []

    init() {}

    func places(of host: UInt32) -> [HostPlace] { places[host] ?? [] }

    /// The host is reached there, and nowhere else any more.
    mutating func listens(_ host: UInt32, at list: [HostPlace]) {
        if list.isEmpty {
            places[host] = nil
        } else if places[host] != nil || places.count < Self.placedHostLimit {
            places[host] = Array(list.prefix(HostPlace.placesPerHost))
        }
        hostPlaces = listed
    }

    private var listed: [HostPlace] {
        let lists = places.sorted { $0.key < $1.key }.map(\.value)
        var listed: [HostPlace] = []
        for rank in 0..<HostPlace.placesPerHost {
            for place in lists.compactMap({ $0.dropFirst(rank).first })
            where !listed.contains(place) && listed.count < HostPlace.listLimit { listed.append(place) }
        }
        return listed
    }

    /// The host's number in the room; nil for one that has not come yet.
    func number(of host: UInt64) -> UInt32? { hosts[host] }

    func member(at link: LinkID) -> MemberID? { members[link] }

    /// All links of a host, in order.
    func links(of host: UInt32) -> [LinkID] { links.filter { $0.host == host }.sorted { $0.slot < $1.slot } }

    /// All links of members, in order.
    var memberLinks: [LinkID] { members.keys.sorted { $0.slot < $1.slot } }

    mutating func began(_ terms: SharedTerms) { self.terms = terms }

    mutating func came(_ host: UInt64) {
        guard hosts[host] == nil, hosts.count < Self.hostLimit else { return }
        hosts[host] = UInt32(hosts.count + 1)
    }

    /// Something came by the link. Returns whether it is taken.
    mutating func spoke(_ link: LinkID) -> Bool {
        guard links.count < Self.linkLimit || links.contains(link) else { return false }
        links.insert(link)
        return true
    }

    mutating func cameIn(_ link: LinkID, _ member: MemberID) { members[link] = member }

    /// The link is nobody's any more.
    mutating func ended(_ link: LinkID) {
        links.remove(link)
        members[link] = nil
    }

    init(reading reader: inout ByteReader) throws(WireError) {
        terms = try reader.readUInt8() == 0 ? nil : try SharedTerms(reading: &reader)
        for number in 0..<(try Self.count(&reader, Self.hostLimit)) {
            let host = try reader.readUInt64()
            guard hosts.updateValue(number + 1, forKey: host) == nil else { throw .invalidValue }
        }
        for _ in 0..<(try Self.count(&reader, Self.linkLimit)) { links.insert(try Self.link(&reader)) }
        for _ in 0..<(try Self.count(&reader, Self.linkLimit)) {
            let link = try Self.link(&reader)
            let id = try reader.readUInt32()
            guard id < 1 << 30 else { throw .invalidValue }
            members[link] = MemberID(entropy: id)
        }
        for _ in 0..<(try Self.count(&reader, Self.placedHostLimit)) {
            let host = try reader.readUInt32()
            guard host > 0, host <= hosts.count else { throw .invalidValue }
            let list = try reader.readHostPlaces(atMost: HostPlace.placesPerHost)
            guard !list.isEmpty, places.updateValue(list, forKey: host) == nil else { throw .invalidValue }
        }
        hostPlaces = listed
    }

    func write(to writer: inout ByteWriter) {
        writer.write(UInt8(terms == nil ? 0 : 1))
        terms?.write(to: &writer)
        writer.write(UInt32(clamping: hosts.count))
        for host in hosts.sorted(by: { $0.value < $1.value }) { writer.write(host.key) }
        writer.write(UInt32(clamping: links.count))
        for link in links.sorted(by: { $0.slot < $1.slot }) { Self.write(link, to: &writer) }
        writer.write(UInt32(clamping: members.count))
        for (link, member) in members.sorted(by: { $0.key.slot < $1.key.slot }) {
            Self.write(link, to: &writer)
            writer.write(member.wireValue)
        }
        writer.write(UInt32(clamping: places.count))
        for (host, list) in places.sorted(by: { $0.key < $1.key }) {
            writer.write(host)
            writer.write(list)
        }
    }

    private static func count(_ reader: inout ByteReader, _ limit: Int) throws(WireError) -> UInt32 {
        let count = try reader.readUInt32()
        guard count <= limit else { throw .tooLong }
        return count
    }

    private static func link(_ reader: inout ByteReader) throws(WireError) -> LinkID {
        let host = try reader.readUInt32()
        guard host > 0, host <= hostLimit else { throw .invalidValue }
        return LinkID(host: host, number: try reader.readUInt32())
    }

    private static func write(_ link: LinkID, to writer: inout ByteWriter) {
        writer.write(link.host)
        writer.write(link.number)
    }
}
