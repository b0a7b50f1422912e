package import Foundation
package import SharedLog

/// A redis-server of its own, on a Unix socket in a folder of its own, and on a port of its own if asked.
package final class RedisServer {
    package static let program: String? = [
        "/usr/bin/redis-server", "/usr/local/bin/redis-server", "/opt/homebrew/bin/redis-server",
    ]
    .first { FileManager.default.isExecutableFile(atPath: $0) }
    package static let reason = "needs redis-server(1), 7.0 or later"

    package let folder: URL
    package var socketPath: String { folder.appending(path: "s").path }
    /// The port, where it has one.
    package let port: UInt16?
    private let arguments: [String]
    private var process: Process?

    package init(_ arguments: [String] = [], onPort: Bool = false) throws {
        folder = FileManager.default.temporaryDirectory.appending(path: "tt-redis-\(UUID().uuidString.prefix(8))")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        port = onPort ? try Self.freePort() : nil
        self.arguments = (port.map { ["--port", "\($0)", "--bind", "127.0.0.1"] } ?? []) + arguments
        try start()
    }

    deinit {
        kill()
        try? FileManager.default.removeItem(at: folder)
    }

    package func start() throws {
        guard let program = Self.program else { throw CocoaError(.fileNoSuchFile) }
        let process = Process()
        process.executableURL = URL(filePath: program)
        process.arguments =
            [
                "--port", "0", "--unixsocket", socketPath, "--dir", folder.path, "--appendonly", "yes", "--save", "",
                "--appendfsync", "everysec", "--loglevel", "warning", "--maxmemory-policy", "noeviction",
            ] + arguments
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try process.run()
        self.process = process
    }

    private func send(_ signal: Int32) {
        if let process { Glibc.kill(process.processIdentifier, signal) }
    }

    /// As a power cut, but for the page cache.
    package func kill() {
        send(SIGCONT)
        send(SIGKILL)
        process?.waitUntilExit()
        process = nil
    }

    /// Asks and waits, by another connection than that of a host.
    @discardableResult
    package func ask(_ command: String) throws -> RESPValue {
        for _ in 0..<6_000 {
            if let connection = BlockingRedis(path: socketPath) {
                return try connection.ask(command.split(separator: " ").map(String.init))
            }
            usleep(10_000)
        }
        throw CocoaError(.fileReadNoSuchFile)
    }

    /// How many commands it has carried out since it was started.
    package func commandCount() throws -> Int {
        guard case .bytes(let bytes?) = try ask("INFO stats"),
            let line = String(decoding: bytes, as: UTF8.self).split(whereSeparator: \.isNewline)
                .first(where: { $0.hasPrefix("total_commands_processed:") }),
            let count = Int(line.drop { $0 != ":" }.dropFirst())
        else { throw CocoaError(.fileReadCorruptFile) }
        return count
    }

    package func stop() { send(SIGSTOP) }

    package func wake() { send(SIGCONT) }

    /// Cuts the last bytes off the append-only file.
    package func cutLog(by count: Int) throws {
        let files = try FileManager.default.subpathsOfDirectory(atPath: folder.path)
            .filter { $0.hasSuffix(".incr.aof") }.map { folder.appending(path: $0) }
        for file in files {
            let handle = try FileHandle(forUpdating: file)
            let size = try handle.seekToEnd()
            try handle.truncate(atOffset: size - min(size, UInt64(count)))
            try handle.close()
        }
    }

    /// Nothing is left of what was written to the disk.
    package func removeData() throws {
        try FileManager.default.removeItem(at: folder.appending(path: "appendonlydir"))
    }

    /// A port of 127.0.0.1 at which nobody listens now.
    private static func freePort() throws -> UInt16 {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let result = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, length) == 0 ? getsockname(descriptor, $0, &length) : -1
            }
        }
        guard result == 0 else { throw CocoaError(.fileReadUnknown) }
        return UInt16(bigEndian: address.sin_port)
    }
}
