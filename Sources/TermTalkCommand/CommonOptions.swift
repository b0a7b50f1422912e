public import ArgumentParser
internal import EventLoop
import Glibc
public import Logging
internal import Room
internal import Sodium
internal import TerminalUI
internal import TorController

/// The options that `host` and `join` share.
struct CommonOptions: ParsableArguments {
    @Option(help: ArgumentHelp("Tor's control port.", valueName: "PATH|HOST:PORT"))
    var torControl: String?

    @Option(help: ArgumentHelp("Tor's SOCKS port.", valueName: "PATH|HOST:PORT"))
    var torSocks: String?

    @Option(help: ArgumentHelp("Short for --tor-socks 127.0.0.1:PORT.", valueName: "PORT"))
    var torPort: UInt16?

    @Option(
        help: ArgumentHelp("Use the system's tor, a managed child, or what works.", valueName: "system|managed|auto"))
    var tor: TorOptions.Mode?

    @Option(help: ArgumentHelp("The name to take part under (default: the member id).", valueName: "NAME"))
    var nick: String?

    @Flag(help: "Machine interface: one JSON object a line.")
    var json = false

    @Flag(help: "Line mode, also where a full screen would be possible.")
    var plain = false

    @Option(
        help: ArgumentHelp("When the full screen rings the bell.", valueName: "never|mention|message"))
    var bell: ScreenModel.Bell = .mention

    @Flag(help: "No colours.")
    var noColor = false

    @Option(help: ArgumentHelp("What to log to stderr.", valueName: "LEVEL"))
    var logLevel: Logger.Level = .warning

    func validate() throws {
        if torSocks != nil && torPort != nil {
            throw ValidationError("--tor-socks and --tor-port exclude each other")
        }
    }

    /// Whether any option speaks of tor: then nothing is dialed around it.
    var namesTor: Bool {
        tor != nil || torSocks != nil || torPort != nil || torControl != nil
    }

    /// What was said about tor.
    func torOptions(purpose: TorOptions.Purpose) throws(ChatEvent.Notice) -> TorOptions {
        var options = TorOptions(mode: tor ?? .auto, purpose: purpose)
        options.control = try torControl.map { text throws(ChatEvent.Notice) in
            try Self.endpoint(text, option: "--tor-control")
        }
        options.socks = try torSocks.map { text throws(ChatEvent.Notice) in
            try Self.endpoint(text, option: "--tor-socks")
        }
        if let torPort {
            options.socks = .ip("127.0.0.1", port: torPort)
        }
        options.readEnvironment()
        return options
    }

    /// The nick as asked for, checked; empty for none.
    func checkedNick(isHost: Bool) throws(ChatEvent.Notice) -> String {
        guard let nick else { return "" }
        do throws(NickError) {
            return try Nick(validating: nick, isHost: isHost).text
        } catch {
            throw ChatEvent.Notice(
                .nickInvalid, "--nick cannot be used: the nick is not allowed",
                hint: "use 1 to 32 letters, digits, _ - . and begin with a letter or digit")
        }
    }

    var logger: Logger {
        var logger = Logger(label: "termtalk") { label in StreamLogHandler.standardError(label: label) }
        logger.logLevel = logLevel
        return logger
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

extension ScreenModel.Bell: ExpressibleByArgument {}

extension Logger.Level: @retroactive ExpressibleByArgument {}
