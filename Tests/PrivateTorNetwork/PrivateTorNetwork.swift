package import Foundation
import Synchronization

/// A Tor network of real tor processes on loopback: three authorities that are relays, three more relays, the tor of a
/// host and the tor of a client. All of them end with this process, however it ends.
package final class PrivateTorNetwork: Sendable {
    /// Whether the programs that it needs are installed; for `.enabled(if:)`.
    package static var isAvailable: Bool {
        Executable.allCases.allSatisfy { (try? $0.path()) != nil }
    }

    private static let orPorts: [UInt16] = [5001, 5002, 5003, 5004, 5005, 5006]
    private static let dirPorts: [UInt16] = [7001, 7002, 7003]
    /// Of a bridge, and of its transport.
    private static let bridgePorts: (or: UInt16, transport: UInt16) = (5_007, 5_008)
    /// Nothing of ours listens here.
    private static let deadPort: UInt16 = 9

    private static let shared = Task { try await start() }
    private static let running = Mutex<[ObjectIdentifier: PrivateTorNetwork]>([:])
    private static let stopAllAtExit: Void = {
        atexit { PrivateTorNetwork.stopAll() }
    }()

    private let keys: [RelayKeys]
    private let directory: NetworkDirectory
    private let address: String
    private let nodes = Mutex<[TorProcess]>([])
    /// Extra clients so far; names are not used again.
    private let clientCount = Mutex(0)
    private let authorityLines: [String]

    /// The directory authorities; they are relays, too.
    package var authorities: [TorProcess] { nodes.withLock { Array($0[..<3]) } }
    /// The relays that are not authorities.
    package var relays: [TorProcess] { nodes.withLock { Array($0[3..<6]) } }
    /// The tor of a host: control by a unix socket with a cookie, as in Debian's set-up; SOCKS on a socket and a port.
    package var host: TorProcess { nodes.withLock { $0[6] } }
    /// The tor of a member: control by a port with a cookie; SOCKS with ExtendedErrors.
    package var client: TorProcess { nodes.withLock { $0[7] } }

    /// The network that the suites of a test process share; the first call boots it. It ends with the process.
    package static func shared() async throws -> PrivateTorNetwork {
        try await shared.value
    }

    /// Boots a network. Returns when the tors of host and client are bootstrapped; `stop()` ends it.
    package static func start() async throws -> PrivateTorNetwork {
        let network = try PrivateTorNetwork()
        do {
            try await network.boot()
        } catch {
            network.stop()
            throw error
        }
        return network
    }

    private init() throws {
        keys = try RelayKeys.load(
            authorities: ["authority0", "authority1", "authority2"], relays: ["relay0", "relay1", "relay2"])
        directory = try NetworkDirectory()
        address = try LoopbackAddress.unused(
            ports: Self.orPorts + Self.dirPorts + [Self.bridgePorts.or, Self.bridgePorts.transport])
        authorityLines = keys.enumerated().compactMap { [address] index, keys in
            guard let v3ident = keys.v3ident else { return nil }
            return """
                DirAuthority \(keys.nickname) orport=\(Self.orPorts[index]) no-v2 v3ident=\(v3ident) \
                \(address):\(Self.dirPorts[index]) \(keys.fingerprint)
                """
        }
        _ = Self.stopAllAtExit
        Self.running.withLock { $0[ObjectIdentifier(self)] = self }
    }

    private func boot() async throws {
        try writeBandwidths(keys)
        try writeNetworkTorrc(named: managedInclude.lastPathComponent, authorityLines)
        try await Self.sleepUntilWellBeforeVote()
        for (index, keys) in keys.enumerated() { try startRelay(index, keys) }
        for node in authorities { try await node.waitForDirectory(relayCount: keys.count, isImpatient: false) }
        for node in relays { try await node.waitForDirectory(relayCount: keys.count, isImpatient: true) }
        // Earlier, they would ask in vain and then again at growing intervals.
        try startHost()
        try startClient(named: "client")
        try await host.waitBootstrapped()
        try await client.waitBootstrapped()
    }

    /// The authorities vote at the third second of every five of the clock until they have a consensus, and after that
    /// every twenty. Relays need two seconds until they are in a vote; started at a bad moment, they would not be in
    /// the first one.
    private static func sleepUntilWellBeforeVote() async throws {
        let phase = Date().timeIntervalSince1970.truncatingRemainder(dividingBy: 5)
        if !(3.9..<4.4).contains(phase) {
            try await Task.sleep(for: .seconds((8.9 - phase).truncatingRemainder(dividingBy: 5)))
        }
    }

    /// Ends all tors and removes their files.
    package func stop() {
        guard Self.running.withLock({ $0.removeValue(forKey: ObjectIdentifier(self)) }) != nil else { return }
        for node in nodes.withLock({ $0 }) { node.kill() }
        directory.remove()
    }

    private static func stopAll() {
        for network in running.withLock({ Array($0.values) }) { network.stop() }
    }

    /// A torrc that makes a tor part of this network as a client: what TERMTALK_TOR_INCLUDE names, for the tor that
    /// termtalk starts by itself. It sets no port and no directory. It is written once, before any tor reads it: one that
    /// found it empty would go for the network of the world.
    package var managedInclude: URL { directory.url.appending(path: "managed.torrc") }

    /// How an extra client tor differs from `client`.
    package struct ClientOptions: Sendable {
        /// The flags of its SOCKS port.
        package var socksFlags = ["ExtendedErrors"]
        /// The password that its control port asks for; nil: a cookie.
        package var controlPassword: String?
        /// Its authorities cannot be reached, so that its bootstrap stalls below 100 %.
        package var stalls = false

        /// The options of `client`.
        package init(socksFlags: [String] = ["ExtendedErrors"], controlPassword: String? = nil, stalls: Bool = false) {
            self.socksFlags = socksFlags
            self.controlPassword = controlPassword
            self.stalls = stalls
        }
    }

    /// Starts one more client tor. Returns when it is bootstrapped or, if it is to stall, when it answers.
    package func startClient(_ options: ClientOptions = ClientOptions()) async throws -> TorProcess {
        let number = clientCount.withLock { count in
            count += 1
            return count
        }
        let client = try startClient(named: "client\(number)", options)
        if options.stalls {
            try await client.waitAnswering()
        } else {
            try await client.waitBootstrapped()
        }
        return client
    }

    /// Starts a bridge that speaks obfs4 by the program `transport`, once in a network. Returns its line, as people are sent it.
    package func startBridge(transport: String) async throws -> String {
        let folder = try makeFolder("bridge")
        let torrc =
            try common("bridge", folder)
            + TorrcTemplate(name: "bridge").filled([
                "address": address, "directory": folder.path, "or_port": String(Self.bridgePorts.or),
                "transport": transport, "transport_port": String(Self.bridgePorts.transport),
            ])
        let bridge = try start(
            TorProcess.Settings(
                name: "bridge", folder: folder, torrc: torrc,
                control: .unix(path: folder.appending(path: "control").path),
                authentication: .cookie(path: folder.appending(path: "control.authcookie").path)))
        try await bridge.waitBootstrapped()
        func text(_ name: String) throws -> String {
            try String(contentsOf: folder.appending(path: "data/\(name)"), encoding: .utf8)
        }
        // The transport has written it before tor goes on: "Bridge obfs4 <IP ADDRESS>:<PORT> <FINGERPRINT> cert=…".
        let line = try text("pt_state/obfs4_bridgeline.txt").split(separator: "\n").last.map(String.init) ?? ""
        let fingerprint = try text("fingerprint").split(separator: " ").last?.dropLast() ?? ""
        return line.replacing("<IP ADDRESS>:<PORT>", with: "\(address):\(Self.bridgePorts.transport)")
            .replacing("<FINGERPRINT>", with: fingerprint)
    }

    private func startRelay(_ index: Int, _ keys: RelayKeys) throws {
        let folder = try makeFolder(keys.nickname)
        try FileManager.default.copyItem(at: keys.folder, to: folder.appending(path: "data/keys"))
        var torrc = try common(keys.nickname, folder)
        torrc += try TorrcTemplate(name: "relay").filled([
            "address": address, "directory": folder.path, "or_port": String(Self.orPorts[index]),
        ])
        if keys.v3ident != nil {
            torrc += try TorrcTemplate(name: "authority").filled([
                "address": address, "dir_port": String(Self.dirPorts[index]), "bandwidths": bandwidths.path,
            ])
        }
        try start(
            TorProcess.Settings(
                name: keys.nickname, folder: folder, torrc: torrc,
                control: .unix(path: folder.appending(path: "control").path),
                authentication: .cookie(path: folder.appending(path: "control.authcookie").path)))
    }

    private var bandwidths: URL { directory.url.appending(path: "bandwidths") }

    /// Measured bandwidths for the authorities to publish. What new relays measure themselves is 0 for most, and
    /// clients never choose those.
    private func writeBandwidths(_ keys: [RelayKeys]) throws {
        let now = Int(Date().timeIntervalSince1970)
        let lines = keys.map { "node_id=$\($0.fingerprint) bw=1 nick=\($0.nickname)\n" }
        try Data("\(now)\n\(lines.joined())".utf8).write(to: bandwidths)
    }

    private func startHost() throws {
        let folder = try makeFolder("host")
        let socksPort = try LoopbackAddress.unusedPort()
        let role = try TorrcTemplate(name: "host").filled([
            "directory": folder.path, "socks_port": String(socksPort), "socks_flags": "ExtendedErrors",
        ])
        try start(
            TorProcess.Settings(
                name: "host", folder: folder, torrc: try common("host", folder) + role,
                control: .unix(path: folder.appending(path: "control").path),
                authentication: .cookie(path: folder.appending(path: "control.authcookie").path),
                socksPort: socksPort, socksSocketPath: folder.appending(path: "socks").path))
    }

    @discardableResult
    private func startClient(named name: String, _ options: ClientOptions = ClientOptions()) throws -> TorProcess {
        let folder = try makeFolder(name)
        let controlPort = try LoopbackAddress.unusedPort()
        let socksPort = try LoopbackAddress.unusedPort()
        let cookie = folder.appending(path: "control.authcookie").path
        let authentication =
            if let password = options.controlPassword {
                "HashedControlPassword " + (try hash(password))
            } else {
                "CookieAuthentication 1\nCookieAuthFile \(cookie)"
            }
        let role = try TorrcTemplate(name: "client").filled([
            "control_port": String(controlPort), "authentication": authentication,
            "socks_port": String(socksPort), "socks_flags": options.socksFlags.joined(separator: " "),
        ])
        return try start(
            TorProcess.Settings(
                name: name, folder: folder, torrc: try common(name, folder, stalls: options.stalls) + role,
                control: .port(controlPort),
                authentication: options.controlPassword.map { .password($0) } ?? .cookie(path: cookie),
                socksPort: socksPort))
    }

    @discardableResult
    private func start(_ settings: TorProcess.Settings) throws -> TorProcess {
        let node = try TorProcess(settings)
        nodes.withLock { $0.append(node) }
        try node.start()
        return node
    }

    private func makeFolder(_ name: String) throws -> URL {
        let folder = directory.url.appending(path: name)
        for made in [folder, folder.appending(path: "data")] {
            try FileManager.default.createDirectory(
                at: made, withIntermediateDirectories: false, attributes: [.posixPermissions: 0o700])
        }
        return folder
    }

    /// The part of a torrc that does not depend on the role.
    private func common(_ name: String, _ folder: URL, stalls: Bool = false) throws -> String {
        let lines = stalls ? authorityLines.map(unreachable) : authorityLines
        let network = try writeNetworkTorrc(named: "\(name)/network.torrc", lines)
        return try TorrcTemplate(name: "node").filled([
            "network": network.path, "directory": folder.path, "nickname": name, "address": address,
            "owner": String(getpid()),
        ])
    }

    private func unreachable(_ authorityLine: String) -> String {
        var line = authorityLine
        for port in Self.orPorts + Self.dirPorts {
            line = line.replacing("orport=\(port) ", with: "orport=\(Self.deadPort) ")
            line = line.replacing(":\(port) ", with: ":\(Self.deadPort) ")
        }
        return line
    }

    @discardableResult
    private func writeNetworkTorrc(named name: String, _ authorityLines: [String]) throws -> URL {
        let file = directory.url.appending(path: name)
        let text = try TorrcTemplate(name: "network").filled(["authorities": authorityLines.joined(separator: "\n")])
        try Data(text.utf8).write(to: file)
        return file
    }

    private func hash(_ password: String) throws -> String {
        // Warnings may come before it.
        let output = try Executable.tor.run(["--quiet", "--hash-password", password])
        guard let line = output.split(separator: "\n").last(where: { $0.hasPrefix("16:") }) else {
            throw TorNetworkError("tor --hash-password: \(output)")
        }
        return String(line)
    }
}
