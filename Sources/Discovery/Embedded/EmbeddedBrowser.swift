#if LAN
internal import CAvahi
internal import EventLoop
import Glibc

/// Looks for services of termtalk by mDNS itself, for as long as it lives.
@safe final class EmbeddedBrowser {
    private struct Query {
        let interface: Int32
        let family: Int32
        let name: String
        let type: String
        let domain: String
    }

    /// Services that are asked for beside each other.
    private static let places = 512

    private let loop: EventLoop
    private let isWanted: (String) -> Bool
    private let found: (FoundService) -> Void
    private let responder: AvahiResponder
    private var browser: OpaquePointer?
    private var resolvers: [UInt64: OpaquePointer] = unsafe [:]
    private var queue = ResolutionQueue<Query>(places: places)
    private var turnEnd: TimerHandle?

    /// Calls `found` inside of Avahi: what it does must not end this.
    ///
    /// - Parameter isWanted: whether a service of that name is looked into.
    init(
        loop: EventLoop, interfaces: Set<String>, isWanted: @escaping (String) -> Bool,
        found: @escaping (FoundService) -> Void
    ) throws(DiscoveryError) {
        self.loop = loop
        self.isWanted = isWanted
        self.found = found
        responder = try AvahiResponder(loop: loop, interfaces: interfaces, isListening: true)
        let context = unsafe Unmanaged.passUnretained(self).toOpaque()
        unsafe browser = avahi_s_service_browser_new(
            responder.server, AvahiFamily.anyInterface, AvahiFamily.any, AvahiResponder.serviceType, nil,
            AvahiLookupFlags(0),
            { _, interface, family, event, name, type, domain, _, context in
                guard event == AVAHI_BROWSER_NEW, let context = unsafe context, let name = unsafe name,
                    let type = unsafe type, let domain = unsafe domain
                else { return }
                let browser = unsafe Unmanaged<EmbeddedBrowser>.fromOpaque(context).takeUnretainedValue()
                let query = Query(
                    interface: interface, family: family, name: unsafe String(cString: name),
                    type: unsafe String(cString: type), domain: unsafe String(cString: domain))
                guard browser.isWanted(query.name) else { return }
                browser.queue.heard(of: query, at: interface)
                browser.goOn()
            }, context)
        guard unsafe browser != nil else { throw unsafe .failed(code: avahi_server_errno(responder.server)) }
    }

    deinit {
        turnEnd?.cancel()
        for number in unsafe Array(resolvers.keys) { free(number) }
        if let browser = unsafe browser { unsafe avahi_s_service_browser_free(browser) }
    }

    private func goOn() {
        while let step = queue.next(at: loop.now) {
            if let instead = step.instead { free(instead) }
            let query = step.service
            let context = unsafe Unmanaged.passUnretained(self).toOpaque()
            let resolver = unsafe avahi_s_service_resolver_new(
                responder.server, query.interface, query.family, query.name, query.type, query.domain,
                // Whoever has addresses of both families says so over both.
                query.family, AvahiLookupFlags(0),
                { resolver, interface, _, event, name, _, _, _, address, port, strings, _, context in
                    guard let context = unsafe context, let resolver = unsafe resolver else { return }
                    let browser = unsafe Unmanaged<EmbeddedBrowser>.fromOpaque(context).takeUnretainedValue()
                    if event == AVAHI_RESOLVER_FOUND, let address = unsafe address, let name = unsafe name {
                        browser.found(
                            FoundService(
                                name: unsafe String(cString: name), interface: interface,
                                address: unsafe EmbeddedBrowser.text(of: address), port: port,
                                strings: unsafe EmbeddedBrowser.strings(strings)))
                    }
                    unsafe browser.ended(resolver)
                }, context)
            if let resolver = unsafe resolver {
                unsafe resolvers[step.number] = resolver
            } else {
                queue.ended(step.number)
            }
        }
        turnEnd?.cancel()
        turnEnd = queue.nextTurn.map { time in
            loop.schedule(after: time - loop.now) { [weak self] in self?.goOn() }
        }
    }

    private func ended(_ resolver: OpaquePointer) {
        guard let number = unsafe resolvers.first(where: { unsafe $0.value == resolver })?.key else { return }
        free(number)
        queue.ended(number)
        goOn()
    }

    private func free(_ number: UInt64) {
        guard let resolver = unsafe resolvers.removeValue(forKey: number) else { return }
        unsafe avahi_s_service_resolver_free(resolver)
    }

    private static func text(of address: UnsafePointer<AvahiAddress>) -> String {
        var text = [CChar](repeating: 0, count: Int(AVAHI_ADDRESS_STR_MAX))
        guard unsafe avahi_address_snprint(&text, text.count, address) != nil else { return "" }
        return String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
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
#endif
