#if PortMap
internal import CMiniUPnP
import Glibc

/// Asks a router by UPnP (WANIPConnection). Each call blocks for seconds: only for other threads.
enum UPnPRouter {
    /// How long routers have to answer to the search: they may wait for up to a second.
    private static let searchMilliseconds: Int32 = 1_200
    /// Devices that are looked at; there may be televisions, too.
    private static let deviceLimit = 8
    /// Other ports that are asked for when one is taken.
    private static let portAttempts = 3
    /// `ConflictInMappingEntry` and `OnlyPermanentLeasesSupported`.
    private static let (conflict, onlyPermanent): (Int32, Int32) = (718, 725)

    static func map(insidePort: UInt16, lifetime: Duration) -> Result<MappedPort, PortMapError> {
        withRouter { router in
            guard let outside = router.outsideAddress else { return .failure(.notPublic(nil)) }
            guard outside.scope == .global else { return .failure(.notPublic(outside)) }
            var port = insidePort
            var lease: Duration? = lifetime
            var code: Int32 = 0
            for _ in 0...portAttempts {
                code = router.add(outsidePort: port, insidePort: insidePort, lease: lease)
                if code == 0 {
                    return .success(
                        MappedPort(
                            way: .upnp, router: router.host,
                            outside: HostPort(host: outside.description, port: port), insidePort: insidePort,
                            lifetime: lease))
                }
                if code == onlyPermanent {
                    lease = nil
                } else if code == conflict {
                    port = .random(in: 49_152...65_535)
                } else {
                    break
                }
            }
            return .failure(.refused(.upnp, code: code))
        }
    }

    static func remove(_ port: MappedPort) {
        _ = withRouter { router in
            router.remove(outsidePort: port.outside.port)
            return .success(port)
        }
    }

    /// Calls `body` with the first router that answers and is in a network of this machine: whoever answers to the search
    /// could else have us call other people's servers.
    private static func withRouter(
        _ body: (Router) -> Result<MappedPort, PortMapError>
    ) -> Result<MappedPort, PortMapError> {
        let networks = LocalInterface.ofLocalNetworks()
        var code: Int32 = 0
        let devices = unsafe upnpDiscover(searchMilliseconds, nil, nil, 0, 0, 2, &code)
        defer { unsafe freeUPNPDevlist(devices) }
        var next = unsafe devices
        var count = 0
        while let device = unsafe next, count < deviceLimit {
            count += 1
            unsafe next = device.pointee.pNext
            guard unsafe isOf(networks, device.pointee.descURL), let router = unsafe Router(device.pointee.descURL),
                unsafe isOf(networks, router.urls.controlURL)
            else { continue }
            return body(router)
        }
        return .failure(.noRouter)
    }

    /// Whether the host of a URL is in one of the networks.
    private static func isOf(_ networks: [LocalInterface], _ url: UnsafePointer<CChar>?) -> Bool {
        guard let address = unsafe host(of: url).flatMap({ IPAddress($0) }) else { return false }
        return networks.contains { $0.contains(address) }
    }

    fileprivate static func host(of url: UnsafePointer<CChar>?) -> String? {
        guard let url = unsafe url else { return nil }
        let text = unsafe String(cString: url)
        guard text.hasPrefix("http://") else { return nil }
        return String(text.dropFirst(7).prefix { $0 != ":" && $0 != "/" })
    }
}

/// One router, as its description says.
@safe private final class Router {
    var urls = unsafe UPNPUrls()
    private var data = IGDdatas()
    private var ownAddress = [CChar](repeating: 0, count: 64)

    init?(_ description: UnsafePointer<CChar>?) {
        guard
            unsafe UPNP_GetIGDFromUrl(description, &urls, &data, &ownAddress, Int32(ownAddress.count)) == 1,
            unsafe urls.controlURL != nil
        else { return nil }
    }

    deinit {
        unsafe FreeUPNPUrls(&urls)
    }

    var host: String { unsafe UPnPRouter.host(of: urls.controlURL) ?? "" }

    var outsideAddress: IPAddress? {
        var text = [CChar](repeating: 0, count: 64)
        guard unsafe UPNP_GetExternalIPAddress(urls.controlURL, serviceType, &text) == 0 else { return nil }
        return IPAddress(String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self))
    }

    func add(outsidePort: UInt16, insidePort: UInt16, lease: Duration?) -> Int32 {
        // Without a description: the library gives its own name.
        unsafe UPNP_AddPortMapping(
            urls.controlURL, serviceType, "\(outsidePort)", "\(insidePort)", ownAddress, nil, "TCP", nil,
            "\(lease?.components.seconds ?? 0)")
    }

    func remove(outsidePort: UInt16) {
        _ = unsafe UPNP_DeletePortMapping(urls.controlURL, serviceType, "\(outsidePort)", "TCP", nil)
    }

    private var serviceType: String {
        unsafe withUnsafeBytes(of: &data.first.servicetype) { bytes in
            unsafe String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
        }
    }
}
#endif
