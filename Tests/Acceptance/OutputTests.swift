import Foundation
import Testing

/// What becomes of output that cannot be written, or that nobody reads.
struct OutputTests {
    /// Starts the program with its standard descriptors as `redirections` of a shell say.
    private func start(
        _ arguments: [String], _ redirections: String, home: TestHome, input: TermTalkProcess.Input = .pipe
    ) throws -> TermTalkProcess {
        try TermTalkProcess(
            program: "/bin/sh", ["-c", "exec \"$0\" \"$@\" \(redirections)", TermTalkProcess.binary()] + arguments,
            home: home, input: input)
    }

    @Test(arguments: [
        ["--version"], ["--help"], ["help", "host"], ["rooms"], ["rooms", "--json"], ["config"], ["config", "--json"],
        ["doctor", "--tor", "system", "--tor-control", "/nowhere"],
    ])
    func aFullDeviceIsAnError(_ arguments: [String]) async throws {
        let home = try TestHome()
        // So that there is something to list.
        let hosted = arguments.first == "rooms" ? try await HostedRoom.direct(home: home) : nil
        let result = try await start(arguments, ">/dev/full", home: home).result()
        #expect(result.status == 73)
        #expect(result.errors.contains { $0.hasPrefix("termtalk: the output cannot be written: ") })
        withExtendedLifetime(hosted) {}
    }

    @Test(arguments: [">/dev/full", ">&-"]) func aRoomWithoutOutputEnds(_ redirection: String) async throws {
        let home = try TestHome()
        let result = try await start(
            ["host", "--direct", "127.0.0.1:0", "--json", "--ttl", "20m"], redirection, home: home
        ).result()
        #expect(result.status == 73)
        #expect(result.errors.contains { $0.hasPrefix("termtalk: the output cannot be written: ") })
    }

    /// A file that cannot grow any more has whole lines only, and what it has not was not acknowledged.
    @Test func aFullDiskEndsTheStay() async throws {
        let hosted = try await HostedRoom.direct()
        let home = try TestHome()
        let file = "\(home.path)/log"
        // 8 KiB: dash counts blocks of 512 bytes.
        let member = try TermTalkProcess(
            program: "/bin/sh",
            [
                "-c", "ulimit -f 16; exec \"$0\" \"$@\" >\(file)", TermTalkProcess.binary(), "join", hosted.invite,
                "--json",
            ],
            home: home, input: .pipe)
        try await hosted.host.event("member-joined")
        let text = String(repeating: "x", count: 3_000)
        for number in 1...4 { hosted.host.send("\(number) \(text)") }
        let result = try await member.result()
        #expect(result.status == 73)
        #expect(result.errors.contains { $0.contains("no space left") })
        try await hosted.host.event("member-left")

        let written = try String(contentsOfFile: file, encoding: .utf8)
        #expect(written.hasSuffix("}\n"))
        let seen = try written.split(separator: "\n").map { line in
            try JSONDecoder().decode(ProgramEvent.self, from: Data(line.utf8))
        }.compactMap(\.id)
        let received = hosted.host.eventsSoFar.filter { $0.event == "acknowledged" && $0.count == 1 }.compactMap(\.id)
        #expect(!seen.isEmpty && Set(received).isSubset(of: seen))
    }

    @Test func aReaderThatIsGoneEndsTheStay() async throws {
        let hosted = try await HostedRoom.direct()
        let home = try TestHome()
        let result = try await TermTalkProcess(
            program: "/bin/sh",
            ["-c", "\"$0\" \"$@\" | sed /joined-room/q", TermTalkProcess.binary(), "join", hosted.invite, "--json"],
            home: home, input: .pipe
        ).result()
        #expect(result.events.last?.event == "joined-room")
        try await hosted.host.event("member-left") { $0.reason == "quit" }
    }

    /// While a bot does not read, what is said is not received; when it reads again, it is.
    @Test func whatNobodyReadIsNotAcknowledged() async throws {
        let hosted = try await HostedRoom.direct()
        let home = try TestHome()
        let fifo = "\(home.path)/fifo"
        #expect(mkfifo(fifo, 0o600) == 0)
        let reading = open(fifo, O_RDONLY | O_NONBLOCK | O_CLOEXEC)
        let bot = try start(["join", hosted.invite, "--json"], ">\(fifo)", home: home)
        let other = try await hosted.join()
        try await hosted.host.events("member-joined", count: 2)
        // More than a pipe takes.
        for number in 1...3 { hosted.host.send("\(number) " + String(repeating: "x", count: 60_000)) }
        hosted.host.send("last")
        try await other.event("message") { $0.text == "last" }
        let last = try #require(try await hosted.host.event("message") { $0.text == "last" }.id)
        try await hosted.host.event("acknowledged") { $0.id == last && $0.count == 1 }
        // The other one acknowledges what comes after it, too, which gives the bot time enough.
        for number in 1...3 {
            other.send("more \(number)")
            let more = try await hosted.host.event("message") { $0.text == "more \(number)" }
            try await other.event("acknowledged") { $0.id == more.id }
        }
        #expect(!hosted.host.eventsSoFar.contains { $0.event == "acknowledged" && $0.id == last && $0.count == 2 })

        // The thread closes what it reads: after that, the number may be another test's.
        Thread {
            var bytes = [UInt8](repeating: 0, count: 65_536)
            while case let count = read(reading, &bytes, bytes.count), count != 0 {
                if count < 0 { poll(nil, 0, 5) }
            }
            close(reading)
        }.start()
        try await hosted.host.event("acknowledged") { $0.id == last && $0.count == 2 }
        bot.closeInput()
        #expect(try await bot.result().status == 0)
    }

    /// A log that nobody reads does not hold up the room.
    @Test func theLogBlocksNothing() async throws {
        let home = try TestHome()
        let fifo = "\(home.path)/fifo"
        #expect(mkfifo(fifo, 0o600) == 0)
        let full = open(fifo, O_RDWR | O_NONBLOCK | O_CLOEXEC)
        defer { close(full) }
        let zeros = [UInt8](repeating: 0, count: 4_096)
        while write(full, zeros, zeros.count) > 0 {}
        let host = try start(
            ["host", "--direct", "127.0.0.1:0", "--json", "--ttl", "20m", "--log-level", "trace"], "2>\(fifo)",
            home: home)
        let invite = try #require(try await host.event("ready").invite)
        for _ in 0..<3 {
            let say = try await TermTalkProcess.run(["say", invite, "hello"], home: TestHome())
            #expect(say.status == 0, "\(say.errors)")
        }
        host.closeInput()
        #expect(try await host.result().status == 0)
    }
}
