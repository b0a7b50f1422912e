import Foundation
import Testing

/// Runs `termtalk` with arguments that must fail, once for machines and once for people, and checks all that the command
/// line promises of an error: the code, one line and a hint, the exit status, nothing on the standard output of a
/// conversation that never began, and nothing that does not belong into an error.
func expectFailure(
    _ arguments: [String], code: String, status: Int32, environment: [String: String] = [:], home: TestHome? = nil,
    user: uid_t? = nil, seconds: Double = TermTalkProcess.patience, sourceLocation: SourceLocation = #_sourceLocation
) async throws {
    // Two, so that what one run remembers does not change the other.
    let homes = (try home ?? TestHome(owner: user), try home ?? TestHome(owner: user))
    async let forMachines = TermTalkProcess.run(
        arguments + ["--json"], home: homes.0, environment: environment, user: user, seconds: seconds)
    async let forPeople = TermTalkProcess.run(
        arguments + ["--plain"], home: homes.1, environment: environment, user: user, seconds: seconds)

    let json = try await forMachines
    let errors = json.events("error")
    #expect(errors.map(\.code) == [code], "\(json.output)", sourceLocation: sourceLocation)
    #expect(json.status == status, "\(json.output) \(json.errors)", sourceLocation: sourceLocation)
    #expect(json.errors == [], sourceLocation: sourceLocation)
    #expect(json.events.count == json.output.count, "a line is no event", sourceLocation: sourceLocation)
    #expect(errors.first?.hint?.isEmpty == false, sourceLocation: sourceLocation)

    let plain = try await forPeople
    #expect(plain.status == status, "\(plain.errors)", sourceLocation: sourceLocation)
    #expect(plain.output == [], sourceLocation: sourceLocation)
    let report = plain.errors.drop { $0.hasPrefix("-!- ") }
    #expect(report.count == 2, "\(plain.errors)", sourceLocation: sourceLocation)
    #expect(report.first?.hasPrefix("termtalk: ") == true, "\(plain.errors)", sourceLocation: sourceLocation)
    #expect(report.last?.hasPrefix("hint: ") == true, "\(plain.errors)", sourceLocation: sourceLocation)
    // "<what failed>: <why>"
    #expect(report.first?.dropFirst(10).contains(": ") == true, "\(plain.errors)", sourceLocation: sourceLocation)
    for text in [homes.0.path, homes.1.path, ".swift", "Fatal error"] {
        #expect(!(json.output + plain.errors).contains { $0.contains(text) }, "\(text)", sourceLocation: sourceLocation)
    }
}
