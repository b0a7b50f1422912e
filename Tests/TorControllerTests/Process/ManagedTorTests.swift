import EventLoop
import Foundation
import Logging
import Testing

@testable import TorController

private let logger = Logger(label: "test")

/// A torrc for a managed child, in a folder of its own.
private struct Include {
    let folder: URL
    var file: URL { folder.appending(path: "include") }
    var pidFile: URL { folder.appending(path: "pid") }

    init(_ lines: String...) throws {
        folder = try SingleTor.makeFolder()
        let text = (lines + ["PidFile \(pidFile.path)"]).joined(separator: "\n")
        try Data(text.utf8).write(to: file)
    }

    func remove() { try? FileManager.default.removeItem(at: folder) }

    var processID: pid_t? {
        (try? String(contentsOf: pidFile, encoding: .utf8)).flatMap {
            pid_t($0.trimmingCharacters(in: .whitespacesAndNewlines))
        }
    }

    var options: TorOptions {
        var options = TorOptions(mode: .managed)
        options.include = file.path
        return options
    }
}

private func exists(_ path: String) -> Bool { FileManager.default.fileExists(atPath: path) }

@Suite(.serialized, .enabled(if: SingleTor.isInstalled, "no tor is installed"))
struct ManagedTorTests {
    @Test(
        "It runs in tor's sandbox and starts no programs; a tor that has no sandbox runs without",
        arguments: [true, false])
    func sandbox(hasSandbox: Bool) throws {
        let include = try Include("DisableNetwork 1")
        defer { include.remove() }
        var options = include.options
        options.stallTimeout = .milliseconds(300)
        if !hasSandbox {
            let script = include.folder.appending(path: "tor-without-sandbox")
            let text = """
                #!/bin/sh
                for last; do :; done
                if grep -q '^Sandbox 1' "$last"; then
                    echo "Nov 28 12:00:00.000 [err] Reading config failed--see warnings above."
                    exit 1
                fi
                exec tor "$@"
                """
            try Data(text.utf8).write(to: script)
            try FileManager.default.setAttributes([.posixPermissions: 0o700], ofItemAtPath: script.path)
            options.program = script.path
        }
        var configuration = ""
        var isRunning = false
        try runLoop { loop, finish in
            let controller = TorController(loop: loop, options: options, logger: logger)
            controller.start { event in
                guard case .failed(.bootstrapStalled) = event else { return }
                if case .unix(let path) = controller.listenerKind {
                    configuration = (try? String(contentsOfFile: "\(path)/torrc", encoding: .utf8)) ?? ""
                }
                isRunning = include.processID.map { exists("/proc/\($0)") } ?? false
                controller.shutdown(completion: finish)
            }
        }
        #expect(isRunning)
        #expect(configuration.contains("\nNoExec 1\nSandbox \(hasSandbox ? 1 : 0)\n"))
    }

    @Test func startsStallsAndLeavesNothingBehind() throws {
        let include = try Include("DisableNetwork 1")
        defer { include.remove() }
        var options = include.options
        options.stallTimeout = .milliseconds(300)
        var events: [TorEvent] = []
        var directory = ""
        var processID: pid_t?
        try runLoop { loop, finish in
            let controller = TorController(loop: loop, options: options, logger: logger)
            controller.start { event in
                events.append(event)
                guard case .failed = event else { return }
                if case .unix(let path) = controller.listenerKind { directory = path }
                #expect(controller.socksEndpoints == [TorEndpoint(.unix(path: "\(directory)/socks"), .named)])
                #expect(
                    (try? FileManager.default.attributesOfItem(atPath: directory))?[.posixPermissions] as? Int == 0o700)
                processID = include.processID
                controller.shutdown(completion: finish)
            }
        }
        #expect(
            events == [
                .connecting, .bootstrap(progress: 0, summary: "Starting"),
                .failed(.bootstrapStalled(progress: 0, summary: "Starting", warning: nil)),
            ])
        #expect(directory.contains("termtalk-child-") && !exists(directory))
        #expect(kill(try #require(processID), 0) == -1 && errno == ESRCH)
    }

    @Test("It comes back after being killed, with what it was told first")
    func comesBackAfterBeingKilled() throws {
        let include = try Include("DisableNetwork 1")
        var processIDs: Set<pid_t> = []
        defer { include.remove() }
        var events: [OnionEvent] = []
        var torEvents: [TorEvent] = []
        var directories: Set<String> = []
        try runLoop { loop, finish in
            let controller = TorController(loop: loop, options: include.options, logger: logger)
            controller.start { torEvents.append($0) }
            controller.publish(key: OnionKey(), virtualPort: 1, target: .tcp(port: 1)) { event in
                events.append(event)
                if case .unix(let path) = controller.listenerKind { directories.insert(path) }
                switch events {
                case [.adding]:
                    guard let processID = include.processID else { break }
                    processIDs.insert(processID)
                    try? Data().write(to: include.file)
                    kill(processID, SIGKILL)
                case [.adding, .lost, .adding]:
                    if let processID = include.processID { processIDs.insert(processID) }
                    controller.shutdown(completion: finish)
                default: break
                }
            }
        }
        #expect(events == [.adding, .lost, .adding])
        #expect(torEvents.contains(.controlRestored) && directories.count == 1 && processIDs.count == 2)
    }

    @Test func saysWhyAChildDoesNotStart() throws {
        let include = try Include("NoSuchOption 1")
        defer { include.remove() }
        var missing = TorOptions(mode: .managed)
        missing.program = "/nonexistent/tor"
        var dies = TorOptions(mode: .managed)
        dies.program = "/bin/false"
        for (options, code) in [(include.options, 1), (missing, 2), (dies, 3)] {
            var events: [TorEvent] = []
            try runLoop { loop, finish in
                let controller = TorController(loop: loop, options: options, logger: logger)
                controller.start { event in
                    events.append(event)
                    if case .failed = event { controller.shutdown(completion: finish) }
                }
            }
            switch events.last {
            case .failed(.unreachable(.childFailed(.configuration(let text)))):
                #expect(code == 1 && text.contains("NoSuchOption"))
            case .failed(.unreachable(.noProgram("/nonexistent/tor"))): #expect(code == 2)
            case .failed(.unreachable(.childFailed(.exited(status: 0x100, said: nil)))): #expect(code == 3)
            default: Issue.record("\(events)")
            }
        }
    }

    @Test func diesWithItsParent() async throws {
        let include = try Include("DisableNetwork 1")
        defer { include.remove() }
        let (file, pidFile) = (include.file.path, include.pidFile.path)
        let note = include.folder.appending(path: "note").path
        await #expect(processExitsWith: .signal(SIGKILL)) {
            [file = file as String, note = note as String, pidFile = pidFile as String] in
            try runLoop { loop, _ in
                var options = TorOptions(mode: .managed)
                options.include = file
                let controller = TorController(loop: loop, options: options, logger: Logger(label: "child"))
                controller.start { event in
                    // TAKEOWNERSHIP was sent before the question this answers.
                    guard case .bootstrap = event, case .unix(let path) = controller.listenerKind,
                        let processID = try? String(contentsOfFile: pidFile, encoding: .utf8)
                    else { return }
                    try? Data("\(path)\n\(processID)".utf8).write(to: URL(filePath: note))
                    kill(getpid(), SIGKILL)
                }
            }
        }
        let lines = try String(contentsOfFile: note, encoding: .utf8).split(separator: "\n").map(String.init)
        let directory = try #require(lines.first)
        let processID = try #require(lines.last.flatMap { pid_t($0) })
        let deadline = ContinuousClock.now + .seconds(60)
        while kill(processID, 0) == 0, ContinuousClock.now < deadline { try await Task.sleep(for: .milliseconds(20)) }
        #expect(kill(processID, 0) == -1)
        // What a killed process leaves is removed by the next one.
        #expect(exists(directory))
        _ = try PrivateDirectory()
        #expect(!exists(directory))
    }
}
