import Foundation
import TestSupport
import Testing

/// `host --metrics`, with the program itself.
struct MetricsTests {
    private static func values(_ text: String) -> [String: Int] {
        var values: [String: Int] = [:]
        for line in text.split(separator: "\n") where !line.hasPrefix("#") {
            let words = line.split(separator: " ")
            values[String(words[0])] = words.count == 2 ? Int(words[1]) : nil
        }
        return values
    }

    private static func ask(_ path: String, _ request: String = "GET /metrics HTTP/1.0\r\n\r\n") throws -> String {
        let client = try BlockingSocket(path: path)
        client.write(Array(request.utf8))
        return String(decoding: try client.readToEnd(), as: UTF8.self)
    }

    @Test(arguments: [false, true]) func atASocket(isRelay: Bool) async throws {
        let home = try TestHome()
        let path = "\(home.path)/run/metrics"
        let hosted = try await HostedRoom.direct(
            ["--metrics", "unix:\(path)", "--room", "hushhush"] + (isRelay ? ["--headless"] : ["--nick", "zaphod"]),
            home: home)
        let member = try await hosted.join(["--nick", "trillian"])
        member.send("something to be delivered")
        try await member.event("message")
        let page = try Self.ask(path)
        #expect(page.hasPrefix("HTTP/1.0 200 OK\r\n"))
        let values = Self.values(page)
        #expect(values["termtalk_room_open"] == 1)
        #expect(values["termtalk_members"] == (isRelay ? 1 : 2))
        #expect(values["termtalk_members_away"] == 0)
        #expect(values["termtalk_connections"] == 1)
        #expect(try #require(values["termtalk_deliveries_total"]) > 0)
        #expect(try #require(values["termtalk_received_bytes_total"]) > 0)
        #expect(try #require(values["termtalk_start_time_seconds"]) > 1_700_000_000)
        #expect(values[#"termtalk_refused_total{cause="handshake"}"#] == 0)
        for secret in ["hushhush", "zaphod", "trillian", hosted.hostKey, "127.0.0.1", "something"] {
            #expect(!page.contains(secret), "\(secret)")
        }
        hosted.host.signal(SIGTERM)
        #expect(try await hosted.host.result().status == 0)
        #expect(access(path, F_OK) != 0)
    }

    @Test func inAFile() async throws {
        let home = try TestHome()
        let path = "\(home.path)/run/room.prom"
        let hosted = try await HostedRoom.direct(["--metrics", path], home: home)
        var text = ""
        try await home.wait(forFile: path) {
            text = $0
            return $0.contains("termtalk_members 1\n")
        }
        #expect(Self.values(text)["termtalk_room_open"] == 1)
        #expect(
            try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int == 0o600)
        hosted.host.send("/quit")
        #expect(try await hosted.host.result().status == 0)
        #expect(try FileManager.default.contentsOfDirectory(atPath: "\(home.path)/run") == [])
    }

    @Test func whatCannotBeUsedOpensNoRoom() async throws {
        let home = try TestHome()
        let precious = try home.write("precious", "precious")
        for (place, status, code) in [
            (precious, Int32(73), "output-unwritable"), ("unix:\(precious)", 65, "address-invalid"),
            ("unix:\(home.path)/no/such", 65, "address-invalid"), ("unix:", 65, "input-invalid"),
        ] {
            let result = try await TermTalkProcess.run(
                ["host", "--direct", "127.0.0.1:0", "--json", "--metrics", place], home: home, input: .pipe)
            #expect(result.status == status, "\(place)")
            #expect(result.events("error").map(\.code) == [code], "\(place)")
        }
        #expect(try String(contentsOfFile: precious, encoding: .utf8) == "precious")
    }
}
