import Foundation
import Sodium
import TestSupport
import Transport

@testable import TermTalk

/// `termtalk host --direct` as a process of its own, so that what it needs of memory is its alone.
final class HostProcess: @unchecked Sendable {
    struct NotReady: Error {}

    private let process = Process()
    private let input = Pipe()
    private let home: URL
    let invite: Invite
    let port: UInt16
    /// Resident memory in bytes when the room could be joined.
    private(set) var startMemory = 0

    init(maxMembers: Int = 50) throws {
        SodiumLibrary.initialize()
        home = FileManager.default.temporaryDirectory.appending(path: "termtalk-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: home, withIntermediateDirectories: true)
        let output = Pipe()
        process.executableURL = try Self.program()
        process.arguments = [
            "host", "--direct", "127.0.0.1:0", "--ttl", "none", "--json", "--max-members", "\(maxMembers)",
        ]
        process.environment = ["HOME": home.path]
        process.standardInput = input
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        try process.run()
        var line: [UInt8] = []
        var ready: [String: Any] = [:]
        while ready["event"] as? String != "ready" {
            guard let byte = try output.fileHandleForReading.read(upToCount: 1)?.first else { throw NotReady() }
            line.append(byte)
            guard byte == UInt8(ascii: "\n") else { continue }
            ready = try JSONSerialization.jsonObject(with: Data(line)) as? [String: Any] ?? [:]
            line = []
        }
        invite = try Invite(parsing: ready["invite"] as? String ?? "")
        guard case .direct(let hostPort) = invite.address else { throw NotReady() }
        port = hostPort.port
        startMemory = try memory("VmRSS")
        // What the host says further on is of no interest, but must not fill the pipe.
        output.fileHandleForReading.readabilityHandler = { handle in
            if handle.availableData.isEmpty { handle.readabilityHandler = nil }
        }
    }

    deinit {
        // Not asked nicely, so that no test waits for a host that does not listen.
        kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
        try? FileManager.default.removeItem(at: home)
    }

    private static func program() throws -> URL {
        let folder = URL(filePath: CommandLine.arguments[0]).deletingLastPathComponent()
        let candidates = [folder, VectorFiles.packageRoot.appending(path: ".build/debug")]
        let found = candidates.map { $0.appending(path: "termtalk") }
            .first { FileManager.default.isExecutableFile(atPath: $0.path) }
        guard let found else { throw NotReady() }
        return found
    }

    var isRunning: Bool { process.isRunning }

    func target(isInvited: Bool = true) -> BlockingMember.Target {
        .init(
            port: port, room: invite.room.description, hostKey: invite.hostKey,
            secret: isInvited ? invite.secret : nil)
    }

    /// `VmRSS` or `VmHWM` (the most so far), in bytes.
    func memory(_ field: String) throws -> Int {
        let status = try String(contentsOfFile: "/proc/\(process.processIdentifier)/status", encoding: .utf8)
        let line = status.split(separator: "\n").first { $0.hasPrefix("\(field):") }
        return (line?.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0) * 1_024
    }

    /// The most memory that the host has had beyond what it began with, in bytes.
    func memoryGrowth() throws -> Int {
        try memory("VmHWM") - startMemory
    }
}
