import EventLoop
import Glibc
import Logging

/// A tor of our own: a child with a private directory, that ends when we do.
///
/// Three things end it: ``stop(completion:)``, the control connection that owns it (TAKEOWNERSHIP), and tor's own watch
/// over our process (`__OwningControllerProcess`) for the time before that connection.
final class ManagedTor {
    /// A longer file is not looked at, but left to tor.
    private static let maximumIncludeByteCount = 65_536

    let directory: PrivateDirectory
    let controlEndpoint: SocketAddress
    let socksEndpoint: SocketAddress
    /// Called for what the child's log says.
    var onLog: ((TorLogParser.Event) -> Void)?
    /// Called when the child ends without having been asked to.
    var onExit: ((TorError) -> Void)?

    private let loop: EventLoop
    private let program: String
    private let logger: Logger
    private var process: ChildProcess?
    private var parser = TorLogParser()
    private var failure: TorStartFailure?
    /// The latest warning or error that is no known failure.
    private(set) var lastWords: String?
    private var configuration: TorChildConfiguration
    private var onStopped: (() -> Void)?

    /// Finds the program and writes its configuration; `include` is a torrc file that comes last in it: what is in the file now,
    /// because a child that is started again hours later must not be told other ways into its network, or none. With `dataDirectory` the
    /// child finds its guards and the consensus of the last time there.
    init(
        program: String?, dataDirectory: String? = nil, include: String?, bridges: [Bridge] = [],
        proxy: TorProxy? = nil, loop: EventLoop, logger: Logger
    ) throws(TorError) {
        self.loop = loop
        self.logger = logger
        self.program = try Self.find(program ?? "tor")
        // A folder, or a pattern, is left to tor.
        let included = include.flatMap { SystemFile.text($0, limit: Self.maximumIncludeByteCount) }
        let wayLines = try bridges.configuration(isIncludeGiven: include != nil) + (proxy?.configuration ?? [])
        let directory = try PrivateDirectory()
        if let included { try directory.write(included, to: "include") }
        configuration = TorChildConfiguration(
            dataDirectory: dataDirectory, wayLines: wayLines,
            include: included == nil ? include : "\(directory.path)/include",
            startsPrograms: bridges.contains { $0.transport != nil }
                || included?.contains("ClientTransportPlugin") == true)
        self.directory = directory
        controlEndpoint = .unix(path: "\(directory.path)/control")
        socksEndpoint = .unix(path: "\(directory.path)/socks")
        if let dataDirectory { try Self.makeDataDirectory(dataDirectory) }
        try writeConfiguration()
    }

    /// Whether tor starts programs, for the transports of bridges.
    var startsPrograms: Bool { configuration.startsPrograms }

    /// Starts the child; its control socket appears a moment later.
    func start() throws(TorError) {
        precondition(process == nil, "one child at a time")
        // A socket file of an earlier child would be connected to before the new child has made its own.
        _ = unsafe unlink("\(directory.path)/control")
        failure = nil
        lastWords = nil
        parser = TorLogParser()
        process = try ChildProcess(
            program: program,
            arguments: ["--defaults-torrc", "/dev/null", "-f", "\(directory.path)/torrc"], loop: loop,
            onOutput: { [weak self] in self?.received($0) }, onExit: { [weak self] in self?.exited($0) })
    }

    /// Ends the child, in a hurry without asking it; `completion` is called when it is gone, at once when there is none.
    func stop(isHurried: Bool = false, completion: @escaping () -> Void) {
        onLog = nil
        guard let process else { return completion() }
        onStopped = completion
        process.terminate(isHurried: isHurried)
    }

    private func received(_ bytes: Span<UInt8>) {
        for event in parser.received(bytes) {
            switch event {
            case .failure(let reason):
                // The first reason is the cause; what follows is tor winding up.
                failure = failure ?? reason
                logger.notice("tor child: \(reason)")
            case .warning(let text), .other(let text):
                lastWords = text
                logger.notice("tor child: \(text)")
            case .bootstrap: break
            }
            onLog?(event)
        }
    }

    private func exited(_ status: Int32) {
        process = nil
        if let onStopped {
            self.onStopped = nil
            onStopped()
        } else if configuration.isSandboxed, case .configuration? = failure {
            startWithoutSandbox()
        } else {
            onExit?(.unreachable(.childFailed(failure ?? .exited(status: status, said: lastWords))))
        }
    }

    private static func makeDataDirectory(_ path: String) throws(TorError) {
        guard unsafe mkdir(path, 0o700) == 0 || errno == EEXIST else {
            throw .unreachable(.childFailed(.spawn(errno: errno)))
        }
        var status = stat()
        guard unsafe lstat(path, &status) == 0, status.st_mode & S_IFMT == S_IFDIR, status.st_uid == geteuid(),
            status.st_mode & 0o077 == 0
        else { throw .unreachable(.childFailed(.directoryPermission)) }
    }

    /// It was built without, or for a system that it does not know.
    private func startWithoutSandbox() {
        configuration.isSandboxed = false
        logger.debug("tor child: once more, without its sandbox")
        do throws(TorError) {
            try writeConfiguration()
            try start()
        } catch {
            onExit?(error)
        }
    }

    private func writeConfiguration() throws(TorError) {
        try directory.write(configuration.text(in: directory.path), to: "torrc")
    }

    /// A program by its path, or by name along PATH and where systems keep daemons outside a user's PATH.
    static func find(_ name: String) throws(TorError) -> String {
        if name.utf8.contains(UInt8(ascii: "/")) {
            guard unsafe access(name, X_OK) == 0 else { throw .unreachable(.noProgram(name)) }
            return name
        }
        let folders = (Environment["PATH"] ?? "").split(separator: ":").map(String.init)
        for folder in folders + ["/usr/local/bin", "/usr/bin", "/usr/local/sbin", "/usr/sbin"]
        where folder.hasPrefix("/") {
            let path = "\(folder)/\(name)"
            var status = stat()
            if unsafe stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG, unsafe access(path, X_OK) == 0 {
                return path
            }
        }
        throw .unreachable(.noProgram(name))
    }
}
