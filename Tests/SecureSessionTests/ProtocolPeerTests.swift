import Foundation
import TestSupport
import Testing

/// A member that follows docs/protocol.md, and shares no code with the program, takes the built program through the whole protocol.
@Suite(.enabled(if: ProtocolPeer.isPossible, "\(ProtocolPeer.missing)"), .timeLimit(.minutes(10)))
struct ProtocolPeerTests {
    @Test func theWholeProtocol() throws {
        #expect(try ProtocolPeer.run(ProtocolPeer.program) == 0)
    }
}

/// Tests/ProtocolPeer/run.sh as a child process.
private enum ProtocolPeer {
    static let missing =
        "no termtalk beside the tests, or no Python with noiseprotocol (Tests/NoiseTests/Interop/install.sh)"

    /// The program of the same build as these tests, or the one that TERMTALK_BINARY names.
    static let program =
        ProcessInfo.processInfo.environment["TERMTALK_BINARY"]
        ?? URL(filePath: CommandLine.arguments[0]).deletingLastPathComponent().appending(path: "termtalk").path

    static let isPossible =
        FileManager.default.isExecutableFile(atPath: program) && (try? run("--check")) == 0

    static func run(_ argument: String) throws -> Int32 {
        let process = Process()
        process.executableURL = VectorFiles.packageRoot.appending(path: "Tests/ProtocolPeer/run.sh")
        process.arguments = [argument]
        try process.run()
        process.waitUntilExit()
        return process.terminationStatus
    }
}
