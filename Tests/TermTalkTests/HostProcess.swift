import Foundation
import PrivateTorNetwork
import Sodium
import TestSupport
import Transport

@testable import TermTalk

/// `termtalk host --direct` as a process of its own, so that what it needs of memory is its alone.
final class HostProcess: @unchecked Sendable {
    struct NotReady: Error {}

    private let process: ChildProcess
    private let home: URL
    let invite: Invite
    let port: UInt16
    /// Resident memory in bytes when the room could be joined.
    private(set) var startMemory = 0

    init(maxMembers: Int = 50, keepSize: String = "64M") throws {
        SodiumLibrary.initialize()
        home = FileManager.default.temporaryDirectory.appending(path: "termtalk-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: home, withIntermediateDirectories: true)
        let output = home.appending(path: "output")
        process = try ChildProcess(
            [
                try Self.program().path, "host", "--direct", "127.0.0.1:0", "--ttl", "none", "--json", "--max-members",
                "\(maxMembers)", "--keep-size", keepSize,
            ],
            environment: ["HOME": home.path], output: output.path, keepsInputOpen: true)
        let ready = try Self.readyEvent(in: output, of: process)
        invite = try Invite(parsing: ready["invite"] as? String ?? "")
        guard case .direct(let hostPort) = invite.address else { throw NotReady() }
        port = hostPort.port
        startMemory = try memory("VmRSS")
    }

    deinit {
        // Not asked nicely, so that no test waits for a host that does not listen.
        process.send(SIGKILL)
        process.wait(seconds: 60)
        try? FileManager.default.removeItem(at: home)
    }

    /// The event that says that the room can be joined.
    private static func readyEvent(in output: URL, of process: ChildProcess) throws -> [String: Any] {
        let deadline = ContinuousClock.now + .seconds(180)
        while process.pid != nil, ContinuousClock.now < deadline {
            let lines = (try? Data(contentsOf: output))?.split(
                separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
            // The last one is not whole yet, or empty.
            for line in (lines ?? []).dropLast() {
                let event = try? JSONSerialization.jsonObject(with: line) as? [String: Any]
                if let event, event["event"] as? String == "ready" { return event }
            }
            usleep(10_000)
        }
        throw NotReady()
    }

    private static func program() throws -> URL {
        let folder = URL(filePath: CommandLine.arguments[0]).deletingLastPathComponent()
        let candidates = [folder, VectorFiles.packageRoot.appending(path: ".build/debug")]
        let found = candidates.map { $0.appending(path: "termtalk") }
            .first { FileManager.default.isExecutableFile(atPath: $0.path) }
        guard let found else { throw NotReady() }
        return found
    }

    var isRunning: Bool { process.pid != nil }

    func target(isInvited: Bool = true) -> BlockingMember.Target {
        .init(
            port: port, room: invite.room.description, hostKey: invite.hostKey,
            secret: isInvited ? invite.secret : nil)
    }

    /// `VmRSS` or `VmHWM` (the most so far), in bytes.
    func memory(_ field: String) throws -> Int {
        guard let pid = process.pid else { throw NotReady() }
        let status = try String(contentsOfFile: "/proc/\(pid)/status", encoding: .utf8)
        let line = status.split(separator: "\n").first { $0.hasPrefix("\(field):") }
        return (line?.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0) * 1_024
    }

    /// The most memory that the host has had beyond what it began with, in bytes.
    func memoryGrowth() throws -> Int {
        try memory("VmHWM") - startMemory
    }
}
