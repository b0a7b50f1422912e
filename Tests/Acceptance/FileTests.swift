import Foundation
import Testing

/// Files that members pass to each other, with the program itself.
struct FileTests {
    /// Random bytes in a file of that name; its path.
    private static func made(_ size: Int, _ name: String = "holiday.jpg", in home: TestHome) throws -> String {
        let path = "\(home.path)/\(name)"
        try Data().write(to: URL(filePath: path))
        let source = try #require(FileHandle(forReadingAtPath: "/dev/urandom"))
        let sink = try #require(FileHandle(forWritingAtPath: path))
        var left = size
        while left > 0 {
            let bytes = try #require(try source.read(upToCount: min(left, 1 << 20)))
            try sink.write(contentsOf: bytes)
            left -= bytes.count
        }
        return path
    }

    private static func taking(_ home: TestHome, _ size: String = "1G") -> [String] {
        ["--files-to", "\(home.path)/in", "--accept-files", size]
    }

    private static func contents(of home: TestHome) -> [String] {
        (try? FileManager.default.contentsOfDirectory(atPath: "\(home.path)/in"))?.sorted() ?? []
    }

    private static func isSame(_ left: String, _ right: String) -> Bool {
        FileManager.default.contentsEqual(atPath: left, andPath: right)
    }

    @Test("A file of each size comes whole to who accepts it, readable by its owner alone", arguments: [0, 1, 65_536])
    func sizes(_ size: Int) async throws {
        let hosted = try await HostedRoom.direct()
        let (homes, path) = ([try TestHome(), try TestHome()], try Self.made(size, in: hosted.home))
        let asked = try await hosted.join(home: homes[0])
        let taking = try await hosted.join(Self.taking(homes[1]), home: homes[1])
        try await hosted.host.events("member-joined", count: 2)
        hosted.host.send("/send \(path)")
        let own = try await hosted.host.event("file-offered") { $0.isOwn == true }
        let offer = try await asked.event("file-offered")
        #expect(offer.name == "holiday.jpg" && offer.size == size && offer.from == own.from && offer.to == nil)
        asked.send("/accept \(offer.number ?? 0) \(homes[0].path)/in")
        for (member, home) in zip([asked, taking], homes) {
            let done = try await member.event("file-done")
            #expect(done.id == own.id && done.bytes == size)
            #expect(done.path == "\(home.path)/in/holiday.jpg")
            #expect(Self.isSame(try #require(done.path), path))
            #expect(Self.contents(of: home) == ["holiday.jpg"])
            let attributes = try FileManager.default.attributesOfItem(atPath: try #require(done.path))
            #expect(attributes[.posixPermissions] as? Int == 0o600)
        }
        let receivers = try await hosted.host.events("file-done", count: 2).map(\.member)
        #expect(Set(receivers).count == 2)
    }

    @Test("100 MB to four, while connections of sender and receivers break; messages come through meanwhile")
    func large() async throws {
        let hosted = try await HostedRoom.direct()
        let port = try #require(UInt16(hosted.address.split(separator: ":").last ?? ""))
        let proxies = [try FaultProxy(to: port), try FaultProxy(to: port)]
        let homes = [try TestHome(), try TestHome(), try TestHome(), try TestHome()]
        let path = try Self.made(100_000_000, in: homes[0])
        // However busy the machine is, the file is on its way when connections break.
        proxies[1].slow(4_000_000)
        let sender = try await hosted.join(["--direct", proxies[0].address], home: homes[0])
        let broken = try await hosted.join(["--direct", proxies[1].address] + Self.taking(homes[1]), home: homes[1])
        let others = [
            try await hosted.join(Self.taking(homes[2]), home: homes[2]),
            try await hosted.join(Self.taking(homes[3]), home: homes[3]),
        ]
        try await sender.events("member-joined", count: 3)
        sender.send("/send \(path)")
        try await broken.event("file-progress") { $0.bytes ?? 0 > 5_000_000 }
        proxies[1].reset()
        try await broken.event("connection") { $0.state == "connected" }
        try await others[0].knows(others)
        // What is left of the file would take longer than a message may.
        proxies[1].slow(400_000)
        others[0].send("while it runs")
        try await broken.event("message") { $0.text == "while it runs" }
        try await others[1].event("message") { $0.text == "while it runs" }
        #expect(!broken.eventsSoFar.contains { $0.event == "file-done" })
        proxies[1].slow(4_000_000)
        try await broken.event("file-progress") { $0.bytes ?? 0 > 10_000_000 }
        proxies[0].reset()
        try await sender.event("connection") { $0.state == "connected" }
        proxies[1].slow(nil)
        proxies[1].stall([.fromHost], seconds: 1)
        for (member, home) in zip([broken] + others, homes.dropFirst()) {
            let done = try await member.event("file-done", seconds: 400)
            #expect(Self.isSame(try #require(done.path), path))
            #expect(Self.contents(of: home) == ["holiday.jpg"])
        }
        try await sender.events("file-done", count: 3)
        #expect(![sender, broken].contains { $0.eventsSoFar.contains { $0.event == "file-failed" } })
    }

    @Test("termtalk send waits for who comes, ends when they have it, and goes on after being killed")
    func send() async throws {
        let hosted = try await HostedRoom.direct(["--files", "1G"])
        let (home, sending) = (try TestHome(), try TestHome())
        let path = try Self.made(60_000_000, in: sending)
        let proxy = try FaultProxy(to: try #require(UInt16(hosted.address.split(separator: ":").last ?? "")))
        proxy.slow(2_000_000)
        let receiver = try await hosted.join(["--direct", proxy.address] + Self.taking(home), home: home)
        let first = try TermTalkProcess(["send", hosted.invite, path, "--json"], home: sending)
        try await receiver.event("file-progress") { $0.bytes ?? 0 > 1_000_000 }
        first.signal(SIGKILL)
        _ = try await first.result()
        let start = receiver.eventCount
        proxy.slow(nil)
        let second = try TermTalkProcess(["send", hosted.invite, path, "--json"], home: sending)
        // What was there is not fetched again.
        let offer = try await receiver.event("file-offered", from: start)
        let resumed = try await receiver.event("file-progress") { $0.id == offer.id }
        #expect(resumed.bytes ?? 0 > 1_000_000)
        let done = try await receiver.event("file-done", from: start)
        #expect(Self.isSame(try #require(done.path), path))
        #expect(try await second.result().status == 0)
        #expect(Self.contents(of: home) == ["holiday.jpg"])
    }

    @Test("A receiver that is killed and started again goes on where it was, and send does not wait for the dead one")
    func killedReceiver() async throws {
        let hosted = try await HostedRoom.direct(["--files", "1G"])
        let (home, sending) = (try TestHome(), try TestHome())
        let path = try Self.made(60_000_000, in: sending)
        let sender = try TermTalkProcess(["send", hosted.invite, path, "--json"], home: sending)
        let proxy = try FaultProxy(to: try #require(UInt16(hosted.address.split(separator: ":").last ?? "")))
        proxy.slow(2_000_000)
        let first = try await hosted.join(["--direct", proxy.address] + Self.taking(home), home: home)
        try await first.event("file-progress") { $0.bytes ?? 0 > 1_000_000 }
        first.signal(SIGKILL)
        _ = try await first.result()
        #expect(Self.contents(of: home).map { $0.hasSuffix(".part") } == [true])
        let second = try await hosted.join(Self.taking(home), home: home)
        let resumed = try await second.event("file-progress")
        #expect(resumed.bytes ?? 0 > 1_000_000)
        let done = try await second.event("file-done")
        #expect(Self.isSame(try #require(done.path), path))
        #expect(Self.contents(of: home) == ["holiday.jpg"])
        #expect(try await sender.result().status == 0)
    }

    /// A relay of bytes before the room, through which files take their time.
    private static func slowWay(to hosted: HostedRoom, _ bytesPerSecond: Int) throws -> FaultProxy {
        let proxy = try FaultProxy(to: try #require(UInt16(hosted.address.split(separator: ":").last ?? "")))
        proxy.slow(bytesPerSecond)
        return proxy
    }

    @Test("Several files at once, of two senders, come in fair shares")
    func shares() async throws {
        let hosted = try await HostedRoom.direct()
        let (home, homes) = (try TestHome(), [try TestHome(), try TestHome()])
        let proxy = try Self.slowWay(to: hosted, 4_000_000)
        let receiver = try await hosted.join(["--direct", proxy.address, "--files-to", "\(home.path)/in"], home: home)
        let senders = [try await hosted.join(home: homes[0]), try await hosted.join(home: homes[1])]
        let size = 12_000_000
        for (number, sender) in [(0, 0), (1, 0), (2, 1)] {
            senders[sender].send("/send \(try Self.made(size, "\(number).bin", in: homes[sender]))")
        }
        let offers = try await receiver.events("file-offered", count: 3)
        for offer in offers { receiver.send("/accept \(offer.number ?? 0)") }
        try await receiver.events("file-done", count: 3)
        let events = receiver.eventsSoFar
        let first = try #require(events.firstIndex { $0.event == "file-done" })
        for offer in offers where offer.id != events[first].id {
            let reached = events[..<first].last { $0.event == "file-progress" && $0.id == offer.id }?.bytes ?? 0
            #expect(reached > size / 2)
        }
    }

    @Test("/panic removes what has been fetched of a file, and leaves what is whole")
    func panic() async throws {
        let hosted = try await HostedRoom.direct()
        let home = try TestHome()
        let proxy = try Self.slowWay(to: hosted, 2_000_000)
        let receiver = try await hosted.join(["--direct", proxy.address] + Self.taking(home), home: home)
        hosted.host.send("/send \(try Self.made(10, "small.bin", in: hosted.home))")
        try await receiver.event("file-done")
        hosted.host.send("/send \(try Self.made(60_000_000, in: hosted.home))")
        try await receiver.event("file-progress") { $0.bytes ?? 0 > 1_000_000 }
        #expect(Self.contents(of: home).count == 2)
        receiver.send("/panic")
        _ = try await receiver.result()
        #expect(Self.contents(of: home) == ["small.bin"])
    }

    @Test("A receiver that is away for half a minute goes on where it was, and nobody is told that anything failed")
    func away() async throws {
        let hosted = try await HostedRoom.direct()
        let (home, sending) = (try TestHome(), try TestHome())
        let path = try Self.made(20_000_000, in: sending)
        let proxy = try Self.slowWay(to: hosted, 2_000_000)
        let receiver = try await hosted.join(["--direct", proxy.address] + Self.taking(home), home: home)
        let sender = try TermTalkProcess(["send", hosted.invite, path, "--json"], home: sending)
        let before = try await receiver.event("file-progress") { $0.bytes ?? 0 > 1_000_000 }
        let start = receiver.eventCount
        proxy.refuse(seconds: 30)
        try await hosted.host.event("member-away")
        try await hosted.host.event("member-back")
        proxy.slow(nil)
        let resumed = try await receiver.event("file-progress", from: start)
        #expect(resumed.bytes ?? 0 >= before.bytes ?? 0)
        let done = try await receiver.event("file-done")
        #expect(Self.isSame(try #require(done.path), path))
        #expect(try await sender.result().status == 0)
        #expect(!receiver.eventsSoFar.contains { $0.event == "file-failed" })
        #expect(receiver.eventsSoFar.count { $0.event == "file-done" } == 1)
    }

    @Test("A receiver that does not read any more holds nobody up, and goes on when it does")
    func stopped() async throws {
        let hosted = try await HostedRoom.direct()
        let homes = [try TestHome(), try TestHome()]
        let path = try Self.made(40_000_000, in: hosted.home)
        let proxy = try Self.slowWay(to: hosted, 4_000_000)
        let stopped = try await hosted.join(["--direct", proxy.address] + Self.taking(homes[0]), home: homes[0])
        let other = try await hosted.join(Self.taking(homes[1]), home: homes[1])
        try await hosted.host.events("member-joined", count: 2)
        hosted.host.send("/send \(path)")
        try await stopped.event("file-progress") { $0.bytes ?? 0 > 1_000_000 }
        stopped.signal(SIGSTOP)
        hosted.host.send("what is said comes")
        try await other.event("message") { $0.text == "what is said comes" }
        let done = try await other.event("file-done")
        #expect(Self.isSame(try #require(done.path), path))
        #expect(!Self.contents(of: homes[0]).contains("holiday.jpg"))
        proxy.slow(nil)
        stopped.signal(SIGCONT)
        let last = try await stopped.event("file-done")
        #expect(Self.isSame(try #require(last.path), path))
        try await stopped.event("message") { $0.text == "what is said comes" }
    }

    @Test("Names that differ only in how their letters are composed are the same name, and both files stay")
    func composed() async throws {
        let hosted = try await HostedRoom.direct()
        let home = try TestHome()
        let receiver = try await hosted.join(Self.taking(home), home: home)
        for name in ["caf\u{E9}.txt", "cafe\u{301}.txt"] {
            hosted.host.send("/send \(try Self.made(10, name, in: hosted.home))")
        }
        try await receiver.events("file-done", count: 2)
        let names = Self.contents(of: home).map { Array($0.unicodeScalars) }
        #expect(Set(names) == Set(["caf\u{E9}.txt", "caf\u{E9} (1).txt"].map { Array($0.unicodeScalars) }))
    }

    @Test("What the host does not pass on is not offered, and send says why")
    func limits() async throws {
        let home = try TestHome()
        let (fits, large) = (try Self.made(65_536, "fits", in: home), try Self.made(65_537, "large", in: home))
        let small = try await HostedRoom.direct(["--files", "64K"] + Self.taking(home))
        let refused = try await TermTalkProcess.run(["send", small.invite, large, "--json"], home: home)
        #expect(refused.events("error").map(\.code) == ["file-too-large"] && refused.status == 65)
        let sent = try await TermTalkProcess.run(["send", small.invite, fits, "--json"], home: home)
        #expect(sent.status == 0)
        #expect(Self.contents(of: home) == ["fits"])
        let none = try await HostedRoom.direct(["--files", "off"])
        let off = try await TermTalkProcess.run(["send", none.invite, fits, "--json"], home: home)
        #expect(off.events("error").map(\.code) == ["files-off"] && off.status == 77)
        for path in ["\(home.path)/none", home.path, "/dev/zero"] {
            let unreadable = try await TermTalkProcess.run(["send", small.invite, path, "--json"], home: home)
            #expect(unreadable.events("error").map(\.code) == ["file-unreadable"] && unreadable.status == 65)
        }
        #expect(try await TermTalkProcess.run(["host", "--files", "0"], home: home).status == 65)
    }

    @Test("Names that would do harm become others, and no file is written over")
    func names() async throws {
        let (sending, home) = (try TestHome(), try TestHome())
        let hosted = try await HostedRoom.direct(home: sending)
        try FileManager.default.createDirectory(atPath: "\(home.path)/in", withIntermediateDirectories: true)
        for taken in ["a.txt", "a (1).txt"] { _ = try home.write("in/\(taken)", "mine") }
        try FileManager.default.createSymbolicLink(
            atPath: "\(home.path)/in/link", withDestinationPath: "\(home.path)/elsewhere")
        let receiver = try await hosted.join(Self.taking(home), home: home)
        try await hosted.host.event("member-joined")
        let names = [
            ("a.txt", "a (2).txt"), ("link", "link (1)"), ("-rf", "rf"), ("gpj.\u{202E}exe", "gpj.exe"),
            ("x\ny", "x y"), (".profile", "profile"), ("CON.txt", "_CON.txt"),
        ]
        for (number, (offered, kept)) in names.enumerated() {
            let path = try sending.write(offered, "\(offered) \(number)")
            hosted.host.send(#"{"command":"/send '\#(path.replacing("\n", with: "\\n"))'"}"#)
            let done = try await receiver.events("file-done", count: number + 1)[number]
            #expect(done.path == "\(home.path)/in/\(kept)")
            #expect(Self.isSame(try #require(done.path), path))
        }
        #expect(receiver.eventsSoFar.first { $0.name == "gpj.exe" }?.remark != nil)
        #expect(try String(contentsOfFile: "\(home.path)/in/a.txt", encoding: .utf8) == "mine")
        #expect(!FileManager.default.fileExists(atPath: "\(home.path)/elsewhere"))
        #expect(!Self.contents(of: home).contains { $0.hasSuffix(".part") })
    }

    @Test(
        "Nothing is taken unasked; who declines says so, and keeps nothing of it; one alone is offered what is for it")
    func declined() async throws {
        let hosted = try await HostedRoom.direct()
        let (home, other) = (try TestHome(), try TestHome())
        let path = try Self.made(100, in: hosted.home)
        let receiver = try await hosted.join(home: home)
        let bystander = try await hosted.join(home: other)
        try await hosted.host.events("member-joined", count: 2)
        let id = try #require(try await receiver.event("joined-room").member)
        hosted.host.send("/send \(path) \(id)")
        let offer = try await receiver.event("file-offered")
        #expect(offer.to == id)
        receiver.send("/decline \(offer.id ?? "")")
        #expect(try await receiver.event("file-failed").code == "file-declined")
        let failed = try await hosted.host.event("file-failed")
        #expect(failed.code == "file-declined" && failed.member == id)
        receiver.send("/accept 99")
        #expect(try await receiver.event("error").code == "file-unknown")
        hosted.host.send("after")
        try await bystander.event("message") { $0.text == "after" }
        #expect(!bystander.eventsSoFar.contains { $0.event == "file-offered" })
        #expect(!FileManager.default.fileExists(atPath: "\(home.path)/Downloads"))
        hosted.host.send("/files")
        #expect(try await hosted.host.event("files").event == "files")
        receiver.send("/accept 1")
        #expect(try await receiver.event("file-failed") { $0.code == "no-download-folder" }.hint != nil)
    }

    @Test("A file that changes after it was offered ends its transfer")
    func changed() async throws {
        let hosted = try await HostedRoom.direct()
        let home = try TestHome()
        let path = try Self.made(200_000, in: hosted.home)
        let receiver = try await hosted.join(home: home)
        try await hosted.host.event("member-joined")
        hosted.host.send("/send \(path)")
        let offer = try await receiver.event("file-offered")
        let handle = try #require(FileHandle(forWritingAtPath: path))
        try handle.seek(toOffset: 100_000)
        try handle.write(contentsOf: Data("changed".utf8))
        receiver.send("/accept \(offer.number ?? 0) \(home.path)/in")
        #expect(try await receiver.event("file-failed").code == "file-changed")
        #expect(try await hosted.host.event("file-failed").code == "file-changed")
        #expect(Self.contents(of: home).map { $0.hasSuffix(".part") } == [true])
    }

    @Test(
        "What a receiver says last is asked for again where it was lost, and a file that is there is not fetched twice")
    func twice() async throws {
        let hosted = try await HostedRoom.direct()
        let (home, sending) = (try TestHome(), try TestHome())
        let path = try Self.made(200_000, in: sending)
        let receiver = try await hosted.join(Self.taking(home), home: home)
        for number in 1...2 {
            let sent = try await TermTalkProcess.run(["send", hosted.invite, path, "--json"], home: sending)
            #expect(sent.status == 0)
            let done = try await receiver.events("file-done", count: number)[number - 1]
            #expect(done.path == "\(home.path)/in/holiday.jpg")
        }
        #expect(Self.contents(of: home) == ["holiday.jpg"])
        // Another one of the same name and size is fetched.
        _ = try Self.made(200_000, in: sending)
        #expect(try await TermTalkProcess.run(["send", hosted.invite, path, "--json"], home: sending).status == 0)
        try await receiver.events("file-done", count: 3)
        #expect(Self.contents(of: home) == ["holiday (1).jpg", "holiday.jpg"])
    }

    @Test("A kept room's host is killed and started again in the middle: the file goes on where it was")
    func keptRoom() async throws {
        let (home, sending, hosting) = (try TestHome(), try TestHome(), try TestHome())
        let options = ["--persist", "club", "--no-passphrase"]
        let hosted = try await HostedRoom.direct(options, home: hosting)
        let port = try #require(UInt16(hosted.address.split(separator: ":").last ?? ""))
        let proxy = try FaultProxy(to: port)
        proxy.slow(2_000_000)
        let path = try Self.made(40_000_000, in: sending)
        let receiver = try await hosted.join(["--direct", proxy.address] + Self.taking(home), home: home)
        let sender = try TermTalkProcess(["send", hosted.invite, path, "--json"], home: sending)
        let before = try await receiver.event("file-progress") { $0.bytes ?? 0 > 3_000_000 }
        hosted.host.signal(SIGKILL)
        _ = try await hosted.host.result()
        let start = receiver.eventCount
        let again = try await HostedRoom.direct(options, at: [hosted.address], home: hosting)
        try await receiver.event("connection", from: start) { $0.state == "connected" }
        proxy.slow(nil)
        let done = try await receiver.event("file-done")
        #expect(done.id == before.id)
        let progress = receiver.eventsSoFar.filter { $0.event == "file-progress" }.compactMap(\.bytes)
        #expect(progress == progress.sorted())
        #expect(Self.isSame(try #require(done.path), path))
        #expect(Self.contents(of: home) == ["holiday.jpg"])
        #expect(try await sender.result().status == 0)
        #expect(!receiver.eventsSoFar.contains { $0.event == "file-offered" && $0.id != done.id })
        _ = again
    }

    private static let canMount = {
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/unshare")
        process.arguments = ["-m", "mount", "-t", "tmpfs", "-o", "size=16k", "none", "/mnt"]
        process.standardError = FileHandle.nullDevice
        guard (try? process.run()) != nil else { return false }
        process.waitUntilExit()
        return process.terminationStatus == 0
    }()

    @Test(
        "A disk that is full in the middle is told to both, and the file goes on when there is room again",
        .enabled(if: canMount, "needs to mount a file system"))
    func fullDisk() async throws {
        let hosted = try await HostedRoom.direct()
        let (home, sending) = (try TestHome(), try TestHome())
        let path = try Self.made(30_000_000, in: sending)
        let proxy = try FaultProxy(to: try #require(UInt16(hosted.address.split(separator: ":").last ?? "")))
        proxy.slow(2_000_000)
        // The disk has room for the file when it is begun; then something else takes all of it, until "go" is there.
        let script = """
            mkdir -p "$HOME/in" && mount -t tmpfs -o size=100M none "$HOME/in" || exit 9
            (while [ ! -e "$HOME/fill" ]; do sleep 0.1; done
             head -c 200M /dev/zero >"$HOME/in/filler" 2>/dev/null; : >"$HOME/filled"
             while [ ! -e "$HOME/go" ]; do sleep 0.1; done
             rm "$HOME/in/filler"; : >"$HOME/empty"
             while [ ! -e "$HOME/copy" ]; do sleep 0.1; done
             cp "$HOME/in/holiday.jpg" "$HOME/result"; : >"$HOME/copied") &
            exec "$@"
            """
        let receiver = try TermTalkProcess(
            program: "/usr/bin/unshare",
            ["-m", "/bin/sh", "-c", script, "sh", TermTalkProcess.binary(), "join", hosted.invite, "--json"]
                + ["--direct", proxy.address] + Self.taking(home),
            home: home, input: .pipe)
        try await receiver.event("joined-room")
        try await hosted.host.event("member-joined")
        hosted.host.send("/send \(path)")
        let offer = try await receiver.event("file-offered")
        try await receiver.event("file-progress") { $0.bytes ?? 0 > 1_000_000 }
        _ = try home.write("fill", "")
        let failed = try await receiver.event("file-failed")
        #expect(failed.code == "no-space" && failed.hint != nil && failed.bytes ?? 0 > 1_000_000)
        #expect(try await hosted.host.event("file-failed").code == "file-unwritable")
        _ = try home.write("go", "")
        try await home.wait(forFile: "\(home.path)/empty")
        proxy.slow(nil)
        let start = receiver.eventCount
        receiver.send("/accept \(offer.number ?? 0)")
        let resumed = try await receiver.event("file-progress", from: start)
        #expect(resumed.bytes ?? 0 >= failed.bytes ?? 0)
        try await receiver.event("file-done", from: start)
        try await hosted.host.event("file-done")
        _ = try home.write("copy", "")
        try await home.wait(forFile: "\(home.path)/copied")
        #expect(Self.isSame("\(home.path)/result", path))
    }

    @Test("Who offers a picture with EXIF data is told so, and how to remove it")
    func metadata() async throws {
        let hosted = try await HostedRoom.direct()
        let path = "\(hosted.home.path)/beach.jpg"
        let bytes: [UInt8] = [0xFF, 0xD8, 0xFF, 0xE1, 0, 20] + Array("Exif\0\0MM".utf8)
        try Data(bytes).write(to: URL(filePath: path))
        hosted.host.send("/send \(path)")
        let warning = try await hosted.host.event("warning") { $0.code == "file-metadata" }
        #expect(warning.hint?.contains("mat2") == true && warning.message?.contains("beach.jpg") == true)
        try await hosted.host.event("file-offered")
    }

    @Test("In line mode everything is said in sentences")
    func plain() async throws {
        let hosted = try await HostedRoom.direct()
        let home = try TestHome()
        let path = try Self.made(3_000, in: hosted.home)
        let receiver = try TermTalkProcess(["join", hosted.invite, "--plain"], home: home)
        try await hosted.host.event("member-joined")
        hosted.host.send("/send \(path)")
        try await receiver.errorLine { $0.contains("offers file 1, holiday.jpg (2.9 KB): /accept 1 fetches it") }
        receiver.send("/accept 1 \(home.path)/in")
        try await receiver.errorLine { $0.contains("is here: \(home.path)/in/holiday.jpg") }
    }
}
