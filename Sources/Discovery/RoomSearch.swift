package import EventLoop
internal import Transport

#if LAN
import Glibc

/// Looks for rooms that are announced by mDNS on the local networks, for as long as it lives, in three ways beside each other: asks
/// for answers to itself, which come at once; listens to what is said to everybody, which comes through firewalls; and asks the
/// machine's Avahi daemon, which may know already.
package final class RoomSearch {
    private let loop: EventLoop
    private let room: String?
    private let networks: [LocalInterface]
    private let found: (FoundRoom) -> Void
    private var embedded: EmbeddedBrowser?
    private var daemon: DaemonBrowser?
    private var oneShot: OneShotBrowser?
    private var waiting: [FoundRoom] = []

    /// Calls `found` for each address of each room, in later turns, possibly more than once.
    ///
    /// - Parameter room: the only room that is looked for; nil for all of them.
    package init(loop: EventLoop, room: String?, found: @escaping (FoundRoom) -> Void) throws(DiscoveryError) {
        self.loop = loop
        self.room = room
        self.found = found
        networks = LocalInterface.ofLocalNetworks()
        let isWanted: (String) -> Bool = { name in
            guard let tag = AnnouncementTag(name: name) else { return false }
            return room.map(tag.isOf) ?? true
        }
        embedded = try EmbeddedBrowser(
            loop: loop, interfaces: Set(networks.map(\.name)), isWanted: isWanted
        ) { [weak self] in self?.heard(of: $0) }
        daemon = DaemonBrowser(type: AvahiResponder.serviceType, loop: loop, isWanted: isWanted) { [weak self] in
            self?.heard(of: $0)
        }
        oneShot = OneShotBrowser(
            type: AvahiResponder.serviceType, networks: networks, loop: loop, isWanted: isWanted
        ) { [weak self] in self?.heard(of: $0) }
    }

    deinit {
        daemon?.close()
    }

    private func heard(of service: FoundService) {
        guard service.port != 0, let announcement = RoomAnnouncement(name: service.name, strings: service.strings),
            room.map(announcement.tag.isOf) ?? true,
            let address = Self.address(of: service),
            // Whoever announces could else have us knock at other people's doors.
            address.isOfLocalNetwork, networks.contains(where: { $0.contains(address) })
        else { return }
        // What is found may end this search, which must not happen inside of Avahi.
        waiting.append(
            FoundRoom(announcement: announcement, address: .init(host: address.description, port: service.port)))
        guard waiting.count == 1 else { return }
        loop.atEndOfTurn { [weak self] in self?.tell() }
    }

    private func tell() {
        let rooms = waiting
        waiting = []
        for room in rooms { found(room) }
    }

    private static func address(of service: FoundService) -> IPAddress? {
        guard let address = IPAddress(service.address), address.isIPv6, address.scope == .linkLocal else {
            return IPAddress(service.address)
        }
        var name = [CChar](repeating: 0, count: Int(IF_NAMESIZE))
        guard unsafe if_indextoname(UInt32(bitPattern: service.interface), &name) != nil else { return nil }
        return IPAddress(
            service.address + "%"
                + String(decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self))
    }
}
#else
/// In a build without Avahi nothing is found.
package final class RoomSearch {
    package init(loop: EventLoop, room: String?, found: @escaping (FoundRoom) -> Void) throws(DiscoveryError) {
        throw .notInThisBuild
    }
}
#endif
