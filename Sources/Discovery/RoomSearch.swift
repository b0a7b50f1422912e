package import EventLoop
internal import Transport

#if LAN
internal import CAvahi
import Glibc

/// Looks for rooms that are announced by mDNS on the local networks, for as long as it lives.
@safe package final class RoomSearch {
    /// Services that are looked into at most; past it what comes later is not found. Who floods a network with services
    /// could else have us ask for all of them.
    static let serviceLimit = 256

    private let loop: EventLoop
    private let networks: [LocalInterface]
    private let found: (FoundRoom) -> Void
    private var responder: AvahiResponder?
    private var browser: OpaquePointer?
    private var resolvers: [OpaquePointer] = unsafe []
    private var waiting: [FoundRoom] = []

    /// Calls `found` for each address of each room, in later turns, possibly more than once.
    package init(loop: EventLoop, found: @escaping (FoundRoom) -> Void) throws(DiscoveryError) {
        self.loop = loop
        self.found = found
        networks = LocalInterface.ofLocalNetworks()
        let responder = try AvahiResponder(loop: loop, interfaces: Set(networks.map(\.name)), isListening: true)
        self.responder = responder
        let context = unsafe Unmanaged.passUnretained(self).toOpaque()
        unsafe browser = avahi_s_service_browser_new(
            responder.server, AvahiFamily.anyInterface, AvahiFamily.any, AvahiResponder.serviceType, nil,
            AvahiLookupFlags(0),
            { _, interface, family, event, name, type, domain, _, context in
                guard event == AVAHI_BROWSER_NEW, let context = unsafe context else { return }
                let search = unsafe Unmanaged<RoomSearch>.fromOpaque(context).takeUnretainedValue()
                unsafe search.heard(of: name, type, domain, interface: interface, family: family)
            }, context)
        guard unsafe browser != nil else { throw unsafe .failed(code: avahi_server_errno(responder.server)) }
    }

    deinit {
        while let resolver = unsafe resolvers.popLast() { unsafe avahi_s_service_resolver_free(resolver) }
        if let browser = unsafe browser { unsafe avahi_s_service_browser_free(browser) }
    }

    private func heard(
        of name: UnsafePointer<CChar>?, _ type: UnsafePointer<CChar>?, _ domain: UnsafePointer<CChar>?,
        interface: Int32, family: Int32
    ) {
        guard let responder, unsafe resolvers.count < Self.serviceLimit else { return }
        let context = unsafe Unmanaged.passUnretained(self).toOpaque()
        // A resolver tells one address of a service: one for each family.
        for addressFamily in [AvahiFamily.ipv4, AvahiFamily.ipv6] {
            let resolver = unsafe avahi_s_service_resolver_new(
                responder.server, interface, family, name, type, domain, addressFamily, AvahiLookupFlags(0),
                { _, interface, _, event, _, _, _, _, address, port, strings, _, context in
                    guard event == AVAHI_RESOLVER_FOUND, let context = unsafe context, let address = unsafe address
                    else {
                        return
                    }
                    let search = unsafe Unmanaged<RoomSearch>.fromOpaque(context).takeUnretainedValue()
                    unsafe search.resolved(address.pointee, port: port, strings: strings, interface: interface)
                }, context)
            if let resolver = unsafe resolver { unsafe resolvers.append(resolver) }
        }
    }

    private func resolved(
        _ address: AvahiAddress, port: UInt16, strings: UnsafeMutablePointer<AvahiStringList>?, interface: Int32
    ) {
        guard let announcement = unsafe RoomAnnouncement(strings: Self.strings(strings)),
            let address = Self.address(address, interface: interface), port != 0,
            // Whoever announces could else have us knock at other people's doors.
            address.isOfLocalNetwork, networks.contains(where: { $0.contains(address) })
        else { return }
        // What is found may end this search, which must not happen inside of Avahi.
        waiting.append(FoundRoom(announcement: announcement, address: .init(host: address.description, port: port)))
        guard waiting.count == 1 else { return }
        loop.atEndOfTurn { [weak self] in self?.tell() }
    }

    private func tell() {
        let rooms = waiting
        waiting = []
        for room in rooms { found(room) }
    }

    private static func address(_ address: AvahiAddress, interface: Int32) -> IPAddress? {
        var text = [CChar](repeating: 0, count: Int(AVAHI_ADDRESS_STR_MAX))
        var address = address
        guard unsafe avahi_address_snprint(&text, text.count, &address) != nil else { return nil }
        let literal = String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        guard let parsed = IPAddress(literal), parsed.isIPv6, parsed.scope == .linkLocal else {
            return IPAddress(literal)
        }
        var name = [CChar](repeating: 0, count: Int(IF_NAMESIZE))
        guard unsafe if_indextoname(UInt32(bitPattern: interface), &name) != nil else { return nil }
        return IPAddress(
            literal + "%" + String(decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self))
    }

    private static func strings(_ list: UnsafeMutablePointer<AvahiStringList>?) -> [[UInt8]] {
        var strings: [[UInt8]] = []
        var next = unsafe list
        while let entry = unsafe next, strings.count < RoomAnnouncement.stringLimit {
            let text = unsafe UnsafeBufferPointer(
                start: avahi_string_list_get_text(entry), count: avahi_string_list_get_size(entry))
            unsafe strings.append(Array(text))
            unsafe next = avahi_string_list_get_next(entry)
        }
        return strings
    }
}
#else
/// In a build without Avahi nothing is found.
package final class RoomSearch {
    package init(loop: EventLoop, found: @escaping (FoundRoom) -> Void) throws(DiscoveryError) { throw .notInThisBuild }
}
#endif
