/// Two machines at one network.
struct LANPair {
    static let room = "a3f5d7b9e2c4f6a8"

    let lab: NetworkLab
    let host: LabMachine
    let guest: LabMachine

    init(host addresses: [String] = ["192.168.7.1/24"], guest: [String] = ["192.168.7.2/24"]) async throws {
        lab = try await NetworkLab()
        try await lab.addNetwork("lan")
        host = try await lab.addMachine("host", [("lan", addresses)])
        self.guest = try await lab.addMachine("guest", [("lan", guest)])
    }

    func open(_ more: [String] = []) async throws -> (TermTalkProcess, ProgramEvent) {
        let process = try host.termtalk(["host", "--lan", "--json", "--room", Self.room, "--ttl", "20m"] + more)
        return (process, try await process.event("ready"))
    }

    func join(_ more: [String], home: TestHome? = nil) throws -> TermTalkProcess {
        try guest.termtalk(["join"] + more + ["--lan", "--json"], home: home)
    }
}
