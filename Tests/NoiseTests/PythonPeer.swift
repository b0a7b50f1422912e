import Foundation
import TestSupport

/// The noiseprotocol of PyPI as the other side, in a child process. It ends with its input, when this value goes.
final class PythonPeer {
    /// What a skipped test says.
    static let missing = "no Python with noiseprotocol: run Tests/NoiseTests/Interop/install.sh, or set TERMTALK_PYTHON"

    /// A Python that can import the library: one named by `TERMTALK_PYTHON`, the one install.sh makes, or any.
    static let python: URL? = {
        let named = ProcessInfo.processInfo.environment["TERMTALK_PYTHON"].map { URL(filePath: $0) }
        let installed = VectorFiles.packageRoot.appending(path: ".build/interop-venv/bin/python")
        let candidates = named.map { [$0] } ?? [installed, URL(filePath: "/usr/bin/python3")]
        return candidates.first { candidate in
            let process = Process()
            process.executableURL = candidate
            process.arguments = ["-c", "import noise.connection"]
            process.standardError = FileHandle.nullDevice
            do {
                try process.run()
            } catch {
                return false
            }
            process.waitUntilExit()
            return process.terminationStatus == 0
        }
    }()

    /// The peer refused what it was asked to do.
    struct Refusal: Error, Equatable {
        let kind: String
    }

    private let process = Process()
    private let input = Pipe()
    private let output = Pipe()
    private var received = Data()

    init(_ python: URL) throws {
        process.executableURL = python
        process.arguments = [
            URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Interop/noise_peer.py").path
        ]
        process.standardInput = input
        process.standardOutput = output
        try process.run()
    }

    deinit {
        try? input.fileHandleForWriting.close()
        process.waitUntilExit()
    }

    /// Sends one command and returns the answer's value.
    @discardableResult
    func ask(_ command: String, _ arguments: String...) throws -> [UInt8] {
        let line = ([command] + arguments).joined(separator: " ") + "\n"
        try input.fileHandleForWriting.write(contentsOf: Data(line.utf8))
        let answer = try readLine().split(separator: " ")
        guard answer.count == 2, answer[0] == "ok" else {
            throw Refusal(kind: String(answer.last ?? "no answer"))
        }
        return answer[1] == "-" ? [] : try bytes(hex: String(answer[1]))
    }

    func ask(_ command: String, _ argument: [UInt8]) throws -> [UInt8] {
        try ask(command, Self.value(argument))
    }

    static func value(_ bytes: [UInt8]) -> String {
        bytes.isEmpty ? "-" : hex(bytes)
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
