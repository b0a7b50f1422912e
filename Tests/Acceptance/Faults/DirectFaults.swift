import Foundation
import TestSupport

/// What goes wrong in a room over TCP, with a proxy in front of the host for each member.
struct DirectFaults: Sendable {
    let people: [String]
    let proxies: [String: FaultProxy]
    /// Faults that take a minute each.
    let withLongOnes: Bool
    var isKept = false

    var all: [FaultRun.Fault] {
        let each = people.enumerated().flatMap { index, person in
            [
                proxied(person, "reset") { proxy, _ in proxy.reset() },
                proxied(person, "stall, both ways, 3 s") { proxy, _ in proxy.stall([.toHost, .fromHost], seconds: 3) },
                proxied(person, "stall, one way, 3 s") { proxy, random in
                    proxy.stall([random.below(2) == 0 ? .toHost : .fromHost], seconds: 3)
                },
                proxied(person, "refused, 3 s") { proxy, _ in proxy.refuse(seconds: 3) },
                stopped(person, "member stopped, 3 s", seconds: 3),
                FaultRun.Fault(kind: "member killed and started again", affected: { _ in [person] }) { run, _ in
                    try await run.killAndRestart(person)
                },
            ].filter { _ in withLongOnes || index < 2 }
        }
        let long = [
            proxied(people[0], "silent") { proxy, _ in proxy.silence() },
            stopped(people[1], "member stopped, 60 s", seconds: 60),
            stopped("host", "host stopped, 60 s", seconds: 60),
        ]
        let restarts = [
            restarted("killed", by: SIGKILL), restarted("stopped in order", by: SIGTERM),
        ].filter { _ in isKept }
        return each + restarts + [stopped("host", "host stopped, 3 s", seconds: 3)] + (withLongOnes ? long : [])
    }

    private func proxied(
        _ person: String, _ kind: String, _ body: @escaping @Sendable (FaultProxy, inout SeededRandom) -> Void
    ) -> FaultRun.Fault {
        FaultRun.Fault(kind: kind, affected: { _ in [person] }) { [proxies] _, random in
            if let proxy = proxies[person] { body(proxy, &random) }
        }
    }

    private func restarted(_ how: String, by signal: Int32) -> FaultRun.Fault {
        FaultRun.Fault(kind: "host \(how) and started again", affected: { [people] _ in people }) { run, _ in
            try await run.restartServer(by: signal)
        }
    }

    private func stopped(_ person: String, _ kind: String, seconds: Double) -> FaultRun.Fault {
        FaultRun.Fault(kind: kind, affected: { [people] _ in person == "host" ? people : [person] }) { run, _ in
            let process = run.process(of: person)
            process.signal(SIGSTOP)
            try await Task.sleep(for: .seconds(seconds))
            process.signal(SIGCONT)
        }
    }
}
