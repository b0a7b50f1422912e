package import Chat
package import Transport

extension PortMapError {
    package var notice: ChatEvent.Notice {
        switch self {
        case .notInThisBuild:
            .init(
                .notInThisBuild, "the router cannot be asked for a port: this termtalk was built without that",
                hint: "build it with libnatpmp, libminiupnpc and the trait PortMap, or forward the port by hand")
        case .noRouter:
            .init(
                .portNotMapped, "the router gave no port: none answers to NAT-PMP or UPnP",
                hint:
                    "switch it on there, or forward the port by hand: docs/internet-guide.md; an onion room needs none")
        case .refused(let way, let code):
            .init(
                .portNotMapped, "the router gave no port: it refuses \(way.rawValue) with code \(code)",
                hint: "allow it there, or forward the port by hand: docs/internet-guide.md; an onion room needs none")
        case .notPublic(let address):
            .init(
                .carrierNAT, "nobody outside can reach this machine: \(Self.reason(address))",
                hint: "open an onion room: termtalk host; or use IPv6 or a VPN: docs/internet-guide.md")
        }
    }

    private static func reason(_ address: IPAddress?) -> String {
        switch address?.scope {
        case nil: "the router says that it has no public address"
        case .carrier: "the provider shares one address among many customers (\(address?.description ?? ""))"
        default: "the router is behind another one (\(address?.description ?? ""))"
        }
    }
}
