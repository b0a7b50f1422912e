import Foundation
import Testing

/// What happens when there are no file descriptors left.
struct DescriptorTests {
    /// Runs the program with limits of its own.
    private func limited(_ limits: String, _ arguments: [String]) throws -> TermTalkProcess {
        try TermTalkProcess(
            program: "/bin/sh", ["-c", "\(limits); exec \"$0\" \"$@\"", try TermTalkProcess.binary()] + arguments,
            home: TestHome(), input: .pipe)
    }

    @Test func theHostIsToldAndJoinersTryAgain() async throws {
        let host = try limited("ulimit -n 28", ["host", "--direct", "127.0.0.1:0", "--json", "--ttl", "20m"])
        let invite = try #require(try await host.event("ready").invite)
        let address = try #require(try await host.event("ready").address)
        // Peers that say nothing take all there are.
        let port = try #require(address.split(separator: ":").last.flatMap { UInt16($0) })
        let idle = try (0..<40).map { _ in try LoopbackSocket.connected(to: port) }
        defer { for descriptor in idle { close(descriptor) } }
        try await host.event("warning") { $0.code == "descriptors-exhausted" }
        let late = try await TermTalkProcess.run(["join", invite, "--json"], home: TestHome())
        // It comes in when one of the others has been sent away, or hears why not.
        #expect(late.status == 0 || late.events("error").map(\.code) == ["host-busy"])
    }

    /// The soft limit, which is 1,024 nearly everywhere, is no limit.
    @Test func theSoftLimitIsRaised() async throws {
        let host = try limited("ulimit -Sn 20", ["host", "--direct", "127.0.0.1:0", "--json", "--ttl", "20m"])
        let pid = try #require(host.pid)
        try await host.event("ready")
        let limits = try String(contentsOfFile: "/proc/\(pid)/limits", encoding: .utf8)
        let line = try #require(limits.split(separator: "\n").first { $0.hasPrefix("Max open files") })
        let numbers = line.split(separator: " ").compactMap { Int($0) }
        #expect(numbers.count == 2 && numbers[0] == min(numbers[1], 65_536))
    }

    /// Neither the program nor a tor of its own gains privileges by what it executes.
    @Test func noNewPrivileges() async throws {
        let hosted = try await HostedRoom.direct()
        let pid = try #require(hosted.host.pid)
        let status = try String(contentsOfFile: "/proc/\(pid)/status", encoding: .utf8)
        #expect(status.contains("NoNewPrivs:\t1"))
    }
}
