import Foundation
import PrivateTorNetwork

/// How a network is reached, for people and for scripts.
struct Description: Encodable {
    struct Node: Encodable {
        let name: String
        /// What `--tor-control` takes.
        let control: String
        let cookie: String?
        /// What `--tor-socks` takes.
        let socks: String
        let socksPort: UInt16
        let socksSocket: String?
        let log: String
        let pid: Int32?
        /// The flags of termtalk that name this tor.
        let flags: [String]

        init(_ node: TorProcess) throws {
            name = node.name
            control = node.controlArgument
            cookie = node.cookiePath
            guard let port = node.socksPort else { throw CocoaError(.featureUnsupported) }
            socks = "127.0.0.1:\(port)"
            socksPort = port
            socksSocket = node.socksSocketPath
            log = node.logPath
            pid = node.pid
            flags = ["--tor-control", control, "--tor-socks", socks]
        }
    }

    let host: Node
    let client: Node
    /// For TERMTALK_TOR_INCLUDE.
    let torInclude: String

    init(_ network: PrivateTorNetwork) throws {
        host = try Node(network.host)
        client = try Node(network.client)
        torInclude = network.managedInclude.path
    }

    /// One line.
    var json: String {
        get throws {
            let encoder = JSONEncoder()
            encoder.keyEncodingStrategy = .convertToSnakeCase
            encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
            return String(decoding: try encoder.encode(self), as: UTF8.self)
        }
    }

    /// The variables that a command of `--exec` gets.
    var environment: [String: String] {
        get throws {
            var variables = shellVariables
            variables["TOR_NETWORK_JSON"] = try json
            return variables
        }
    }

    /// Shell commands and, in comments, what to do with them.
    var shell: String {
        let exports = shellVariables.sorted { $0.key < $1.key }.map { "export \($0.key)='\($0.value)'" }
        return exports.joined(separator: "\n") + """

            # termtalk host $TOR_NETWORK_HOST_FLAGS
            # termtalk join $TOR_NETWORK_CLIENT_FLAGS INVITE
            # termtalk host --tor managed      (its own tor becomes part of this network)
            # ^C or the end of input ends the network.
            """
    }

    private var shellVariables: [String: String] {
        [
            "TERMTALK_TOR_INCLUDE": torInclude,
            "TOR_NETWORK_HOST_FLAGS": host.flags.joined(separator: " "),
            "TOR_NETWORK_CLIENT_FLAGS": client.flags.joined(separator: " "),
        ]
    }
}
