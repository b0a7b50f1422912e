import Foundation

/// The programs that the private network is made of.
enum Executable: String, CaseIterable {
    case tor
    case torGencert = "tor-gencert"
    /// Of util-linux; sets the parent-death signal.
    case setpriv

    /// Where the program is: on PATH, or among the system's programs, which PATH of an ordinary user leaves out.
    func path() throws -> String {
        let folders = (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":").map(String.init)
        for folder in folders + ["/usr/local/sbin", "/usr/sbin", "/sbin"] {
            let path = "\(folder)/\(rawValue)"
            if FileManager.default.isExecutableFile(atPath: path) { return path }
        }
        throw TorNetworkError("\(rawValue): not found")
    }

    /// The arguments with which tor reads the torrc at `path` and nothing of the machine's own configuration. A path
    /// that is no plain file counts as an empty torrc.
    static func torrcArguments(_ path: String) -> [String] {
        ["-f", path, "--defaults-torrc", "/nonexistent", "--ignore-missing-torrc"]
    }

    /// Runs the program to its end, in a folder and with a short input if need be, and returns what it wrote.
    func run(_ arguments: [String], in folder: URL? = nil, input: String = "") throws -> String {
        let process = Process()
        let source = Pipe()
        let output = Pipe()
        process.executableURL = URL(filePath: try path())
        process.arguments = arguments
        process.currentDirectoryURL = folder
        process.standardInput = source
        process.standardOutput = output
        process.standardError = output
        try source.fileHandleForWriting.write(contentsOf: Data(input.utf8))
        try source.fileHandleForWriting.close()
        try process.run()
        let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        guard process.terminationStatus == 0 else { throw TorNetworkError("\(rawValue): \(text)") }
        return text
    }
}
