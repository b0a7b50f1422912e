import Foundation
import SharedLog

/// A redis-server of its own, on a Unix socket in a folder of its own.
final class RedisServer {
    static let program: String? = [
        "/usr/bin/redis-server", "/usr/local/bin/redis-server", "/opt/homebrew/bin/redis-server",
    ]
    .first { FileManager.default.isExecutableFile(atPath: $0) }
    static let reason = "needs redis-server(1), 7.0 or later"

    let folder: URL
    var socketPath: String { folder.appending(path: "s").path }
    private let arguments: [String]
    private var process: Process?

    init(_ arguments: [String] = []) throws {
        folder = FileManager.default.temporaryDirectory.appending(path: "tt-redis-\(UUID().uuidString.prefix(8))")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        self.arguments = arguments
        try start()
    }

    deinit {
        kill()
        try? FileManager.default.removeItem(at: folder)
    }

    func start() throws {
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
    func kill() {
        send(SIGCONT)
        send(SIGKILL)
        process?.waitUntilExit()
        process = nil
    }

    /// Asks and waits, by another connection than that of a host.
    @discardableResult
    func ask(_ command: String) throws -> RESPValue {
        for _ in 0..<6_000 {
            if let connection = RedisConnection(path: socketPath) {
                return try connection.ask(command.split(separator: " ").map(String.init))
            }
            usleep(10_000)
        }
        throw CocoaError(.fileReadNoSuchFile)
    }

    func stop() { send(SIGSTOP) }

    func wake() { send(SIGCONT) }

    /// Cuts the last bytes off the append-only file.
    func cutLog(by count: Int) throws {
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
    func removeData() throws {
        try FileManager.default.removeItem(at: folder.appending(path: "appendonlydir"))
    }
}

/// A connection to a Unix socket that waits for nothing.
final class RedisConnection {
    private var descriptor: Int32
    private var output: [UInt8] = []

    /// Nil when nobody listens.
    init?(path: String) {
        descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_NONBLOCK.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8.prefix(107)) }
        let result = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        guard result == 0 else {
            close(descriptor)
            return nil
        }
    }

    deinit {
        close(descriptor)
    }

    func write(_ bytes: [UInt8]) {
        output += bytes
        flush()
    }

    private func flush() {
        while !output.isEmpty {
            let count = output.withUnsafeBytes { send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
            guard count > 0 else { return }
            output.removeFirst(count)
        }
    }

    /// What has arrived; nil at the end.
    func read() -> [UInt8]? {
        flush()
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        let count = recv(descriptor, &buffer, buffer.count, 0)
        if count > 0 { return Array(buffer.prefix(count)) }
        return count < 0 && errno == EAGAIN ? [] : nil
    }

    /// Waits until something can be read, for that long at most.
    func wait(milliseconds: Int32) {
        var poll = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        _ = Glibc.poll(&poll, 1, milliseconds)
    }

    /// Asks, and waits for the answer, for a minute.
    func ask(_ words: [String]) throws -> RESPValue {
        write(RESPValue.command(words.map { Array($0.utf8) }))
        var reader = RESPReader()
        for _ in 0..<6_000 {
            guard let bytes = read() else { break }
            if let value = try reader.received(bytes).first { return value }
            wait(milliseconds: 10)
        }
        throw CocoaError(.fileReadUnknown)
    }
}
