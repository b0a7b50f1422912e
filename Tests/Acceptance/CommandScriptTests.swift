import Testing

/// The scripts of `Scripts`.
struct CommandScriptTests {
    @Test(arguments: CommandScript.all) func script(_ path: String) async throws {
        var script = try CommandScript(path: path)
        try await script.run()
    }

    @Test func thereAreScripts() {
        #expect(CommandScript.all.count >= 10)
    }
}
