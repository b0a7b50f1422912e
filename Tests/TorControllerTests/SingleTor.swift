import EventLoop
import Foundation

/// A tor without a network, for everything that needs none.
final class SingleTor {
    static let isInstalled = program != nil
    static let program = ["/usr/sbin/tor", "/usr/bin/tor", "/usr/local/bin/tor"]
        .first { FileManager.default.isExecutableFile(atPath: $0) }

    let folder: URL
    private var process: Process?
    private let controlCount: Int

    /// Starts a tor with more lines of torrc; returns when its control socket, and control ports, are open.
    init(_ lines: String...) throws {
        folder = try Self.makeFolder()
        let torrc = [
            "DataDirectory \(folder.path)/data", "ControlPort unix:\(folder.path)/control", "SocksPort 0",
            "DisableNetwork 1", "Log notice stdout", "__OwningControllerProcess \(getpid())",
        ]
        controlCount = 1 + lines.count { $0.hasPrefix("ControlPort ") }
        try Data((torrc + lines).joined(separator: "\n").utf8).write(to: folder.appending(path: "torrc"))
        try start()
    }

    deinit {
        kill()
        try? FileManager.default.removeItem(at: folder)
    }

    var control: SocketAddress { .unix(path: "\(folder.path)/control") }
    var cookie: URL { folder.appending(path: "data/control_auth_cookie") }

    func start() throws {
        let process = Process()
        let output = Pipe()
        process.executableURL = URL(filePath: Self.program ?? "tor")
        process.arguments = ["-f", folder.appending(path: "torrc").path, "--defaults-torrc", "/nonexistent"]
        process.standardOutput = output
        process.standardInput = FileHandle.nullDevice
        try process.run()
        self.process = process
        var log = ""
        while log.ranges(of: "Opened Control listener connection (ready)").count < controlCount {
            let data = output.fileHandleForReading.availableData
            guard !data.isEmpty else { throw Failure(log: log) }
            log += String(decoding: data, as: UTF8.self)
        }
    }

    func kill() {
        guard let process else { return }
        Foundation.kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
        self.process = nil
    }

    struct Failure: Error { let log: String }

    /// A new folder that tor takes for sockets and data.
    static func makeFolder() throws -> URL {
        let folder = URL(filePath: "/tmp/termtalk-test-\(UUID().uuidString.prefix(8))")
        try FileManager.default.createDirectory(
            at: folder, withIntermediateDirectories: false, attributes: [.posixPermissions: 0o700])
        return folder
    }

    static func hash(_ password: String) throws -> String {
        let process = Process()
        let output = Pipe()
        process.executableURL = URL(filePath: program ?? "tor")
        process.arguments = ["--quiet", "--hash-password", password]
        process.standardOutput = output
        try process.run()
        let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        return text.split(separator: "\n").last.map(String.init) ?? ""
    }
}
