package import EventLoop
package import Transport

#if LAN
internal import CAvahi
import Glibc

/// Announces a room by mDNS on local networks, for as long as it lives.
@safe package final class RoomAnnouncer {
    /// How long a tag is used: whoever sees two in a day cannot tell that they are of one room, unless it knows the id.
    static let tagLifetime = Duration.seconds(900)
    /// The pause before another tag when somebody else answers for this one, which nobody does by chance.
    static let conflictPause = Duration.seconds(1)

    private let loop: EventLoop
    private let room: String
    private let name: String?
    private var responder: AvahiResponder?
    private var group: OpaquePointer?
    private var renewal: TimerHandle?
    private var places: [LocalInterface] = []
    private var port: UInt16 = 0

    /// - Parameter name: what to show to everybody; nil to be recognised by those only who know the room's id.
    package init(loop: EventLoop, room: String, name: String?) {
        self.loop = loop
        self.room = room
        self.name = name
    }

    deinit {
        stop()
    }

    /// Announces the room at exactly these addresses, in place of those before, under names that nobody has seen yet.
    package func announce(at places: [LocalInterface], port: UInt16) throws(DiscoveryError) {
        stop()
        (self.places, self.port) = (places, port)
        guard !places.isEmpty else { return }
        let responder = try AvahiResponder(loop: loop, interfaces: Set(places.map(\.name)), isListening: false)
        let context = unsafe Unmanaged.passUnretained(self).toOpaque()
        let group = unsafe avahi_s_entry_group_new(
            responder.server,
            { _, _, state, context in
                guard state == AVAHI_ENTRY_GROUP_COLLISION, let context = unsafe context else { return }
                unsafe Unmanaged<RoomAnnouncer>.fromOpaque(context).takeUnretainedValue()
                    .renew(after: RoomAnnouncer.conflictPause)
            }, context)
        guard let group = unsafe group else {
            throw unsafe .failed(code: avahi_server_errno(responder.server))
        }
        self.responder = responder
        unsafe self.group = group
        for (interface, places) in Dictionary(grouping: places, by: \.name) {
            let index = unsafe Int32(bitPattern: if_nametoindex(interface))
            // It has gone meanwhile; that will be heard of.
            guard index > 0 else { continue }
            for place in places { try unsafe add(place.address, at: index, responder, group) }
            let announcement = RoomAnnouncement(room: room, name: name)
            let strings = TXTStrings(announcement.strings)
            try unsafe check(
                avahi_server_add_service_strlst(
                    responder.server, group, index, AvahiFamily.any, AvahiPublishFlags(0), announcement.tag.name,
                    AvahiResponder.serviceType, nil, responder.hostName, port, strings.list))
        }
        try unsafe check(avahi_s_entry_group_commit(group))
        renew(after: Self.tagLifetime)
    }

    /// Takes back what was announced.
    package func stop() {
        renewal?.cancel()
        if let group = unsafe group { unsafe avahi_s_entry_group_free(group) }
        unsafe group = nil
        responder = nil
    }

    /// Announces the room anew then, with new names.
    private func renew(after pause: Duration) {
        renewal?.cancel()
        renewal = loop.schedule(after: pause) { [weak self] in
            guard let self else { return }
            try? self.announce(at: self.places, port: self.port)
        }
    }

    private func add(
        _ address: IPAddress, at index: Int32, _ responder: AvahiResponder, _ group: OpaquePointer
    ) throws(DiscoveryError) {
        var own = AvahiAddress()
        own.proto = address.isIPv6 ? AvahiFamily.ipv6 : AvahiFamily.ipv4
        unsafe withUnsafeMutableBytes(of: &own.data) { unsafe $0.copyBytes(from: address.bytes) }
        // Names without reverse ones: those of the machine's addresses are for its own responder.
        let flags = AvahiPublishFlags(AVAHI_PUBLISH_NO_REVERSE.rawValue)
        try unsafe check(
            avahi_server_add_address(
                responder.server, group, index, AvahiFamily.any, flags, responder.hostName, &own))
    }

    private func check(_ code: Int32) throws(DiscoveryError) {
        guard code < 0 else { return }
        stop()
        throw .failed(code: code)
    }
}

/// Avahi's list of the strings of a TXT record.
@safe final class TXTStrings {
    let list: UnsafeMutablePointer<AvahiStringList>?

    init(_ strings: [[UInt8]]) {
        var list: UnsafeMutablePointer<AvahiStringList>?
        // Adding is at the front.
        for string in strings.reversed() {
            unsafe list = avahi_string_list_add_arbitrary(list, string, string.count)
        }
        unsafe self.list = list
    }

    deinit {
        unsafe avahi_string_list_free(list)
    }
}
#else
/// In a build without Avahi nothing is announced.
package final class RoomAnnouncer {
    package init(loop: EventLoop, room: String, name: String?) {}

    package func announce(at places: [LocalInterface], port: UInt16) throws(DiscoveryError) { throw .notInThisBuild }

    package func stop() {}
}
#endif
