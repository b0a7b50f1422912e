import ArgumentParser
internal import Chat
internal import Configuration
internal import Discovery
internal import EventLoop
internal import TermTalk
internal import TerminalUI
internal import TorController
internal import Transport

/// Where a room is reached.
struct WayFlags: ParsableArguments {
    @Flag(help: "Publish the room as an onion service (default).")
    var onion = false

    @Option(
        help: ArgumentHelp(
            "Listen on TCP instead, at port 12345 unless one is given; 0 picks one. May be repeated.",
            valueName: "ADDR[:PORT]"))
    var direct: [String] = []

    @Option(
        help: ArgumentHelp(
            "The onion service that torrc defines in front of this room: no control port is used.",
            valueName: "HOST.onion[:PORT]"))
    var behind: String?

    @Option(
        help: ArgumentHelp(
            "With --behind: where tor brings the streams, as HiddenServicePort says.",
            valueName: "ADDR:PORT|unix:PATH"))
    var listen: String?

    @Option(
        defaultAsFlag: "",
        help: ArgumentHelp(
            "Listen on the local networks only, and announce the room there: recognisable to those who know its id, or "
                + "with a name shown to everybody.", valueName: "NAME"))
    var lan: String?

    @Flag(help: "With --direct or --lan: ask the router for a port (NAT-PMP, then UPnP).")
    var mapPort = false

    @Option(
        help: ArgumentHelp(
            "Where tor can reach this program, when its loopback is not ours (a container, another machine).",
            valueName: "ADDR:PORT"))
    var onionTarget: String?

    @Option(help: ArgumentHelp("The room's id (default: 16 random hex digits).", valueName: "NAME"))
    var room: String?

    @Option(
        help: ArgumentHelp("The virtual port of the onion service (default: 12345).", valueName: "N"))
    var port: UInt16?

    func carrier(
        _ common: CommonOptions, _ settings: Settings
    ) throws(ChatEvent.Notice) -> HostOptions.Carrier {
        if let behind, let listen {
            guard case .onion(let onion, let port) = try RoomAddress(onion: behind),
                let place = SocketAddress(torEndpoint: listen)
            else {
                throw ChatEvent.Notice(
                    .addressInvalid,
                    "--listen cannot be used: it is neither an address with a port nor a path",
                    hint:
                        "write what HiddenServicePort says, such as 127.0.0.1:12345 or unix:/run/termtalk/room")
            }
            return .behind(onion, port: port, listen: place, tor: try common.tor.socksOptions())
        }
        if mapPort, !PortMapping.isAvailable { throw PortMapError.notInThisBuild.notice }
        if let lan { return .lan(name: try announcedName(lan)) }
        guard !direct.isEmpty else {
            let set = try settings.number(.hostPort, in: 1...65_535).map {
                UInt16(truncatingIfNeeded: $0)
            }
            return .onion(
                port: port ?? set ?? RoomAddress.defaultPort,
                tor: try common.tor.options(purpose: .publish),
                target: try target())
        }
        return .direct(
            try direct.map { text throws(ChatEvent.Notice) in
                try HostPort(checking: text, defaultPort: RoomAddress.defaultPort)
            })
    }

    /// The name to show to everybody; nil for none.
    private func announcedName(_ name: String) throws(ChatEvent.Notice) -> String? {
        guard DiscoveryError.isAvailable else { throw DiscoveryError.notInThisBuild.notice }
        guard name.utf8.count <= RoomAnnouncement.nameLimit, Sanitizer.sanitize(name, as: .line) == name
        else {
            throw ChatEvent.Notice(
                .inputInvalid,
                "--lan cannot be used: its NAME is too long, or has characters that lists do not show",
                hint: "use up to \(RoomAnnouncement.nameLimit) letters, digits and spaces")
        }
        return name.isEmpty ? nil : name
    }

    private func target() throws(ChatEvent.Notice) -> SocketAddress? {
        guard let onionTarget else { return nil }
        guard let place = SocketAddress(torEndpoint: onionTarget), place.port != nil else {
            throw ChatEvent.Notice(
                .addressInvalid, "--onion-target cannot be used: it is no address with a port",
                hint: "write an address of this machine that tor can reach, such as 172.17.0.2:12345")
        }
        return place
    }
}
