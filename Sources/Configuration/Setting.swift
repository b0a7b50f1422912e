/// A setting that the configuration file and the environment may have; the raw value is its key in the file.
package enum Setting: String, CaseIterable, Sendable {
    case nick
    case plain
    case noColor = "no-color"
    case noClipboard = "no-clipboard"
    case mouse
    case bell
    case notify
    case notifyText = "notify-text"
    case logLevel = "log-level"
    case torMode = "tor.mode"
    case torControl = "tor.control"
    case torSocks = "tor.socks"
    case torBridges = "tor.bridges"
    case torProxy = "tor.proxy"
    case hostTimeToLive = "host.ttl"
    case hostPort = "host.port"
    case hostMaxMembers = "host.max-members"
    case hostKeep = "host.keep"
    case hostKeepSize = "host.keep-size"
    case joinStrict = "join.strict"
    case joinAcceptNewHost = "join.accept-new-host"
    case joinDirect = "join.direct"

    package enum Kind: Sendable {
        case string, integer, boolean
        /// Texts, one a line.
        case list
    }

    package var kind: Kind {
        switch self {
        case .nick, .bell, .notify, .logLevel, .torMode, .torControl, .torSocks, .torProxy, .hostTimeToLive, .hostKeep,
            .hostKeepSize:
            .string
        case .torBridges: .list
        case .hostPort, .hostMaxMembers: .integer
        case .plain, .noColor, .noClipboard, .mouse, .notifyText, .joinStrict, .joinAcceptNewHost, .joinDirect:
            .boolean
        }
    }

    /// `TERMTALK_TOR_CONTROL` for `tor.control`.
    package var variable: String {
        "TERMTALK_" + rawValue.uppercased().map { $0 == "." || $0 == "-" ? "_" : String($0) }.joined()
    }

    /// The flag that wins over both.
    package var flag: String {
        switch self {
        case .torMode: "--tor"
        case .torControl: "--tor-control"
        case .torSocks: "--tor-socks"
        case .torBridges: "--bridge"
        case .torProxy: "--tor-proxy"
        case .hostTimeToLive: "--ttl"
        case .hostPort: "--port"
        case .hostMaxMembers: "--max-members"
        case .hostKeep: "--keep"
        case .hostKeepSize: "--keep-size"
        case .joinStrict: "--strict"
        case .joinAcceptNewHost: "--accept-new-host"
        case .joinDirect: "--direct"
        default: "--\(rawValue)"
        }
    }
}
