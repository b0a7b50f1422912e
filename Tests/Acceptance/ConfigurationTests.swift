import Foundation
import Testing

/// What `config` prints is a configuration file.
struct ConfigurationFileTests {
    @Test func readsWhatItPrints() async throws {
        let home = try TestHome()
        let shown = try await TermTalkProcess.run(["config"], home: home, environment: ["TERMTALK_HOST_PORT": "81"])
        #expect(shown.status == 0)
        #expect(!shown.output.contains { $0.contains(home.path) })
        let copy = try home.write("copy.toml", shown.output.joined(separator: "\n"))
        let again = try await TermTalkProcess.run(["config", "--json", "--config", copy], home: home)
        #expect(again.status == 0)
        #expect(again.output.contains(#"{"setting":"host.port","value":"81","source":"file"}"#), "\(again.output)")
    }
}
