import ArgumentParser
internal import Configuration
internal import EventLoop
internal import Room
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

    func validate() throws {
        if !bridge.isEmpty && (mode == .system || torControl != nil || torSocks != nil || torPort != nil) {
            throw ValidationError(
                "--bridge is for an own tor: it excludes --tor system, --tor-control, --tor-socks and --tor-port")
        }
        if torSocks != nil && torPort != nil {
            throw ValidationError("--tor-socks and --tor-port exclude each other")
        }
    }

    /// What the settings say, where no flag does.
    func resolved(by settings: Settings) throws(ChatEvent.Notice) -> TorFlags {
        var resolved = self
        resolved.torControl = torControl ?? settings[.torControl]
        if torPort == nil { resolved.torSocks = torSocks ?? settings[.torSocks] }
        let modeSet: TorOptions.Mode? = try settings.choice(.torMode)
        resolved.mode = mode ?? modeSet
        let namesTor = mode == .system || torControl != nil || torSocks != nil || torPort != nil
        if bridge.isEmpty, !namesTor { resolved.bridge = settings.list(.torBridges) }
        if !resolved.bridge.isEmpty {
            // Whoever needs bridges is not to be seen with a tor that has none.
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
        options.readEnvironment()
        return options
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

extension TorOptions.Mode: ExpressibleByArgument {}
