package import Foundation

/// A Python program of the tests as the other side, in a child process. It ends with its input, when this value goes.
///
/// The program reads one command a line and answers each by `ok VALUE...` or `error KIND`; values are hexadecimal, `-`
/// where there is none.
package final class PythonPeer {
    /// A Python that can import `module`: one named by `TERMTALK_PYTHON`, the one that the scripts `install.sh` make, or
    /// any.
    package static func python(importing module: String) -> URL? {
        let named = ProcessInfo.processInfo.environment["TERMTALK_PYTHON"].map { URL(filePath: $0) }
        let installed = VectorFiles.packageRoot.appending(path: ".build/interop-venv/bin/python")
        let candidates = named.map { [$0] } ?? [installed, URL(filePath: "/usr/bin/python3")]
        return candidates.first { candidate in
            let process = Process()
            process.executableURL = candidate
            process.arguments = ["-c", "import \(module)"]
            process.standardError = FileHandle.nullDevice
            do {
                try process.run()
            } catch {
                return false
            }
            process.waitUntilExit()
            return process.terminationStatus == 0
        }
    }

    /// The peer refused what it was asked to do.
    package struct Refusal: Error, Equatable {
        package let kind: String
    }

    private let process = Process()
    private let input = Pipe()
    private let output = Pipe()
    private var received = Data()

    /// Starts the program `script`, a path inside the package.
    package init(_ python: URL, script: String, _ arguments: String...) throws {
        process.executableURL = python
        process.arguments = [VectorFiles.packageRoot.appending(path: script).path] + arguments
        process.standardInput = input
        process.standardOutput = output
        try process.run()
    }

    deinit {
        try? input.fileHandleForWriting.close()
        process.waitUntilExit()
    }

    /// Sends one command and returns the words of the answer.
    package func answer(_ command: String, _ arguments: [String]) throws -> [String] {
        let line = ([command] + arguments).joined(separator: " ") + "\n"
        try input.fileHandleForWriting.write(contentsOf: Data(line.utf8))
        let answer = try readLine().split(separator: " ").map(String.init)
        guard answer.first == "ok" else { throw Refusal(kind: answer.dropFirst().joined(separator: " ")) }
        return Array(answer.dropFirst())
    }

    /// Sends one command and returns the answer's only value.
    @discardableResult
    package func ask(_ command: String, _ arguments: String...) throws -> [UInt8] {
        let answer = try answer(command, arguments)
        guard answer.count == 1 else { throw Refusal(kind: "no value") }
        return try Self.bytes(answer[0])
    }

    package func ask(_ command: String, _ argument: [UInt8]) throws -> [UInt8] {
        try ask(command, Self.value(argument))
    }

    /// As commands and answers have it.
    package static func value(_ bytes: [UInt8]) -> String {
        bytes.isEmpty ? "-" : hex(bytes)
    }

    /// What a value of an answer means.
    package static func bytes(_ value: String) throws -> [UInt8] {
        value == "-" ? [] : try TestSupport.bytes(hex: value)
    }

    private func readLine() throws -> String {
        while true {
            if let end = received.firstIndex(of: UInt8(ascii: "\n")) {
                let line = String(decoding: received[..<end], as: UTF8.self)
                received = Data(received[received.index(after: end)...])
                return line
            }
            let more = output.fileHandleForReading.availableData
            guard !more.isEmpty else { throw Refusal(kind: "the peer has ended") }
            received.append(more)
        }
    }
}
