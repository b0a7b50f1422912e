import ArgumentParser
internal import Chat
internal import Configuration
internal import EventLoop
internal import TorController

/// The options that say which tor to use.
struct TorFlags: ParsableArguments {
    @Option(help: ArgumentHelp("Tor's control port.", valueName: "PATH|HOST:PORT"))
    var torControl: String?

    @Option(help: ArgumentHelp("Tor's SOCKS port.", valueName: "PATH|HOST:PORT"))
    var torSocks: String?

    @Option(help: ArgumentHelp("Short for --tor-socks 127.0.0.1:PORT.", valueName: "PORT"))
    var torPort: UInt16?

    @Option(
        name: .customLong("tor"),
        help: ArgumentHelp("Use the system's tor, a managed child, or what works.", valueName: "system|managed|auto"))
    var mode: TorOptions.Mode?

    @Option(
        help: ArgumentHelp(
            "A bridge for an own tor, where the network blocks tor; may be repeated.", valueName: "LINE"))
    var bridge: [String] = []

    @Option(
        help: ArgumentHelp(
            "The proxy by which an own tor goes into its network: socks5://HOST:PORT or http://HOST:PORT.",
            valueName: "URL"))
    var torProxy: String?

    /// Whether a flag names another tor than an own one.
    private var namesTor: Bool { mode == .system || torControl != nil || torSocks != nil || torPort != nil }

    func validate() throws {
        if !bridge.isEmpty || torProxy != nil, namesTor {
            throw ValidationError(
                "--bridge and --tor-proxy are for an own tor: they exclude --tor system, --tor-control, --tor-socks and "
                    + "--tor-port")
        }
        if torSocks != nil && torPort != nil {
            throw ValidationError("--tor-socks and --tor-port exclude each other")
        }
    }

    /// What the settings say, where no flag does.
    func resolved(by settings: Settings) throws(ChatEvent.Notice) -> TorFlags {
        var resolved = self
        if try torProxy.map(Self.proxy)?.hasPassword == true {
            throw ChatEvent.Notice(
                .inputInvalid, "--tor-proxy cannot be used: everybody on this machine could read its password",
                hint: "write it into the configuration file: [tor] proxy = \"...\"")
        }
        resolved.torControl = torControl ?? settings[.torControl]
        if torPort == nil { resolved.torSocks = torSocks ?? settings[.torSocks] }
        let modeSet: TorOptions.Mode? = try settings.choice(.torMode)
        resolved.mode = mode ?? modeSet
        if bridge.isEmpty, !namesTor { resolved.bridge = settings.list(.torBridges) }
        if !namesTor { resolved.torProxy = torProxy ?? settings[.torProxy] }
        if !resolved.bridge.isEmpty || resolved.torProxy != nil {
            // Whoever needs bridges is not to be seen with a tor that has none, and without its proxy there is no way.
            resolved.mode = .managed
            resolved.torControl = nil
            resolved.torSocks = nil
        }
        return resolved
    }

    /// Whether somebody has chosen a tor: then a room whose host would see this machine's address is dialed through it.
    var isChosen: Bool {
        mode == .managed || mode == .system || torControl != nil || torSocks != nil || torPort != nil
    }

    /// What was said about tor, and what the environment says.
    func options(purpose: TorOptions.Purpose) throws(ChatEvent.Notice) -> TorOptions {
        var options = TorOptions(mode: mode ?? .auto, purpose: purpose)
        options.control = try torControl.map { text throws(ChatEvent.Notice) in
            let address = try Self.endpoint(text, option: "--tor-control")
            // A file that tor has written where its control port is into, in place of the socket.
            guard case .unix(let path) = address, let file = SystemFile.text(path, limit: 4_096) else { return address }
            return SocketAddress(controlPortFile: file) ?? address
        }
        options.socks = try torSocks.map { text throws(ChatEvent.Notice) in
            try Self.endpoint(text, option: "--tor-socks")
        }
        if let torPort {
            options.socks = .ip("127.0.0.1", port: torPort)
        }
        options.bridges = try bridge.map { line throws(ChatEvent.Notice) in
            do throws(Bridge.ParseError) {
                return try Bridge(parsing: line)
            } catch {
                throw ChatEvent.Notice(
                    .inputInvalid, "--bridge cannot be used: it is no bridge line",
                    hint: "write it as it was sent to you: obfs4 192.0.2.1:443 FINGERPRINT cert=... iat-mode=0")
            }
        }
        options.proxy = try torProxy.map(Self.proxy)
        options.readEnvironment()
        return options
    }

    /// For dialing through a SOCKS port that is there, named or found: no control port is used, and no tor started.
    func socksOptions() throws(ChatEvent.Notice) -> TorOptions {
        var options = try options(purpose: .dial)
        options.mode = .system
        options.control = nil
        options.usualControl = nil
        options.controlCandidates = []
        return options
    }

    private static func proxy(_ text: String) throws(ChatEvent.Notice) -> TorProxy {
        do throws(TorProxy.ParseError) {
            return try TorProxy(parsing: text)
        } catch {
            throw ChatEvent.Notice(
                .inputInvalid, "the proxy for tor cannot be used: \(error.reason)",
                hint: "write socks5://127.0.0.1:1080, or http://192.0.2.1:3128")
        }
    }

    private static func endpoint(_ text: String, option: String) throws(ChatEvent.Notice) -> SocketAddress {
        guard let address = SocketAddress(torEndpoint: text) else {
            throw ChatEvent.Notice(
                .addressInvalid, "\(option) cannot be used: it is neither a path nor an address with a port",
                hint: "write /run/tor/control, or 127.0.0.1:9051")
        }
        return address
    }
}

extension TorProxy.ParseError {
    fileprivate var reason: String {
        switch self {
        case .scheme: "it begins neither with socks5:// nor with http://"
        case .address: "it has no host and port"
        case .credentials: "name and password stand before an @, with : between them, without blanks and #"
        }
    }
}

extension TorOptions.Mode: ExpressibleByArgument {}
