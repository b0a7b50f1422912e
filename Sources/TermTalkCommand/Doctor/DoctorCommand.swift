import ArgumentParser
internal import Chat
internal import Configuration
internal import EventLoop
import Glibc
internal import Logging
internal import TerminalUI
internal import TorController

struct DoctorCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor", abstract: "Check tor and this machine, and say how to mend what is wrong.",
        discussion: """
            Each line is ok, warn or fail. The exit status is 0 when nothing failed, else that of the error with which a \
            room would have ended. A test onion service is published and dialed; nothing else leaves this machine.
            """)

    @Flag(help: "One JSON object a line.")
    var json = false

    @Flag(help: "Also ask the router for a port, and give it back.")
    var direct = false

    @OptionGroup var tor: TorFlags
    @OptionGroup var configuration: ConfigurationFlags

    func run() throws {
        let report = DoctorReport(json: json)
        for finding in MachineChecks().findings() + NetworkChecks.findings() { report.add(finding) }
        if direct { checkRouter(report) }
        checkTor(report)
        report.finish()
        throw ExitCode(report.status.rawValue)
    }

    private func checkRouter(_ report: DoctorReport) {
        guard let loop = try? EventLoop() else { return }
        let check = RouterCheck(loop: loop, found: { report.add($0) }, done: { loop.stop() })
        for number in [SIGINT, SIGTERM, SIGHUP] {
            loop.onSignal(number) {
                report.isInterrupted = true
                check.cancel()
            }
        }
        check.start()
        loop.run()
    }

    private func checkTor(_ report: DoctorReport) {
        let settings: Settings
        let options: TorOptions
        do throws(ChatEvent.Notice) {
            settings = try configuration.settings()
            try settings.checkValues()
            report.add(.ok("configuration", "it can be read"))
            options = try tor.resolved(by: settings).options(purpose: .publish)
        } catch {
            return report.add(.fail("configuration", error))
        }
        guard let loop = try? EventLoop() else {
            return report.add(.fail("tor-control", .init(.internalError, "the event loop cannot be made")))
        }
        var logger = Logger(label: "termtalk") { _ in LineLogHandler() }
        logger.logLevel = .critical
        let checks = TorChecks(
            loop: loop, options: options, logger: logger, found: { report.add($0) }, done: { loop.stop() })
        for number in [SIGINT, SIGTERM, SIGHUP] {
            loop.onSignal(number) {
                report.isInterrupted = true
                checks.cancel()
            }
        }
        checks.start()
        loop.run()
    }
}

/// The findings as they come, and what they come to.
private final class DoctorReport {
    private let json: Bool
    private var counts: [Finding.Status: Int] = [:]
    private var firstFailure: NoticeCode?
    var isInterrupted = false

    init(json: Bool) {
        self.json = json
    }

    func add(_ finding: Finding) {
        counts[finding.status, default: 0] += 1
        if finding.status == .fail { firstFailure = firstFailure ?? finding.code ?? .internalError }
        if json {
            StandardOutput.print(finding.json(time: WallClock.text(milliseconds: WallTime.milliseconds)))
        } else {
            for line in finding.lines { StandardOutput.print(line) }
        }
    }

    func finish() {
        let (ok, warn, fail) = (counts[.ok] ?? 0, counts[.warn] ?? 0, counts[.fail] ?? 0)
        if json {
            StandardOutput.print(
                JSONRecord.line(
                    [("event", "summary"), ("time", WallClock.text(milliseconds: WallTime.milliseconds))],
                    numbers: [("ok", ok), ("warn", warn), ("fail", fail)]))
        } else {
            StandardOutput.print("\n\(ok) ok, \(warn) to look at, \(fail) failed")
        }
    }

    var status: ExitStatus {
        isInterrupted ? .interrupted : firstFailure.map { ExitStatus($0) } ?? .done
    }
}
