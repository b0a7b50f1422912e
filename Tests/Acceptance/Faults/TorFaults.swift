import Foundation
import PrivateTorNetwork
import TestSupport

/// What goes wrong in a room behind an onion service.
struct TorFaults: Sendable {
    let people: [String]
    let network: PrivateTorNetwork
    let hosting: TorProcess
    /// The tors of the members, in turn.
    let dialing: [TorProcess]
    /// Between the host and its tor's control port.
    let control: FakePeer
    let withLongOnes: Bool

    func tor(of person: String) -> TorProcess {
        dialing[(people.firstIndex(of: person) ?? 0) % dialing.count]
    }

    private func people(of tor: TorProcess) -> [String] { people.filter { self.tor(of: $0) === tor } }

    var all: [FaultRun.Fault] {
        let short =
            dialing.map { tor in
                fault("client's circuits closed", people(of: tor)) { _ in try tor.closeCircuits() }
            } + [
                FaultRun.Fault(kind: "member killed and started again", affected: { [people] _ in [people[0]] }) {
                    [people] run, _ in try await run.killAndRestart(people[0])
                },
                fault("control connection cut", people) { [control] _ in control.closeConnections() },
                FaultRun.Fault(kind: "host killed and started again", affected: { [people] _ in people }) { run, _ in
                    try await run.restartServer(by: SIGKILL)
                },
            ]
        guard withLongOnes else { return short }
        return short
            + dialing.map { tor in
                fault("client tor killed and started again", people(of: tor)) { _ in
                    tor.kill()
                    try tor.restart()
                }
            }
            + [
                fault("hosting tor's circuits closed", people) { [hosting] _ in try hosting.closeCircuits() },
                fault("hosting tor killed and started again", people) { [hosting] _ in
                    hosting.kill()
                    try hosting.restart()
                },
                fault("relay killed and started again", people) { [network] random in
                    let relay = network.relays[random.below(network.relays.count)]
                    relay.kill()
                    try await Task.sleep(for: .seconds(2))
                    try relay.restart()
                },
                fault("client tor stopped, 20 s", people(of: dialing[0])) { [dialing] _ in
                    try await Self.stop(dialing[0].pid, seconds: 20)
                },
                FaultRun.Fault(kind: "member stopped, 60 s", affected: { [people] _ in [people[1]] }) {
                    [people] run, _ in
                    try await Self.stop(run.process(of: people[1]).pid, seconds: 60)
                },
                fault("host stopped, 60 s", people) { _ in },
            ].map { fault in
                guard fault.kind.hasPrefix("host stopped") else { return fault }
                var fault = fault
                fault.inject = { run, _ in try await Self.stop(run.process(of: "host").pid, seconds: 60) }
                return fault
            }
    }

    private static func stop(_ pid: pid_t?, seconds: Double) async throws {
        guard let pid else { return }
        kill(pid, SIGSTOP)
        try await Task.sleep(for: .seconds(seconds))
        kill(pid, SIGCONT)
    }

    private func fault(
        _ kind: String, _ affected: [String], _ body: @escaping @Sendable (inout SeededRandom) async throws -> Void
    ) -> FaultRun.Fault {
        FaultRun.Fault(kind: kind, affected: { _ in affected }) { _, random in try await body(&random) }
    }
}
