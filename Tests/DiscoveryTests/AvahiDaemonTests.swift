import Testing

@testable import Discovery

@Suite struct AvahiDaemonTests {
    /// A daemon's client, and the bus at its other end.
    private struct Bus {
        var daemon = AvahiDaemon(type: "_termtalk._tcp", userID: 0) { $0 != "unwanted" }
        /// Calls that came since the last look, in order.
        var calls: [DBusMessage] = []

        init() throws {
            _ = daemon.takeOutput()
            _ = try say(Array("OK 0123\r\n".utf8))
        }

        mutating func say(_ bytes: [UInt8]) throws -> [FoundService] {
            let found = try daemon.received(bytes.span)
            var output = daemon.takeOutput()[...]
            if output.starts(with: Array("BEGIN\r\n".utf8)) { output = output.dropFirst(7) }
            while let count = try DBusMessage.byteCount(of: output) {
                calls.append(try DBusMessage(decoding: output.prefix(count)))
                output = output.dropFirst(count)
            }
            return found
        }

        mutating func takeCalls() -> [String] {
            defer { calls = [] }
            return calls.map(\.member)
        }

        mutating func signal(
            _ interface: String, _ member: String, _ signature: String, _ write: (inout DBusWriter) -> Void
        )
            throws -> [FoundService]
        {
            var signal = DBusMessage(to: ":1.9", "/x", interface, member)
            signal.kind = .signal
            signal.signature = signature
            var body = DBusWriter()
            write(&body)
            signal.body = body.bytes
            return try say(signal.encoded)
        }

        mutating func announce(_ name: String, type: String = "_termtalk._tcp") throws {
            _ = try signal("org.freedesktop.Avahi.ServiceBrowser", "ItemNew", "iisssu") {
                $0.write(Int32(2))
                $0.write(Int32(0))
                for text in [name, type, "local"] { $0.write(text) }
                $0.write(UInt32(0))
            }
        }

        mutating func ownerChanges(to owner: String) throws {
            _ = try signal("org.freedesktop.DBus", "NameOwnerChanged", "sss") {
                for text in ["org.freedesktop.Avahi", "", owner] { $0.write(text) }
            }
        }

        /// An answer to the call with that number.
        func answer(_ serial: UInt32, kind: DBusMessage.Kind = .reply) throws -> [UInt8] {
            var answer = try DBusMessage(decoding: DBusTests.answer[...])
            answer.kind = kind
            answer.replySerial = serial
            return answer.encoded
        }
    }

    @Test func aServiceIsFound() throws {
        var bus = try Bus()
        #expect(bus.takeCalls() == ["Hello", "AddMatch", "ServiceBrowserNew"])
        for name in ["x", "y"] { try bus.announce(name) }
        #expect(bus.calls.map(\.member) == ["ResolveService", "ResolveService"])
        let serials = bus.calls.map(\.serial)
        let found = try bus.say(try bus.answer(serials[0]))
        #expect(
            found == [
                FoundService(
                    name: "x", interface: 2, address: "192.168.7.1", port: 12345,
                    strings: ["v=1", "t=ab"].map { Array($0.utf8) })
            ])
        #expect(try bus.say(try bus.answer(serials[1], kind: .error)).isEmpty)
        #expect(try bus.say(try bus.answer(serials[0])).isEmpty, "a second answer is none")
        #expect(try bus.say(try bus.answer(999)).isEmpty, "an answer to nothing that was asked")
    }

    @Test func anotherTypeIsNotAskedForNorANameThatIsNotWanted() throws {
        var bus = try Bus()
        _ = bus.takeCalls()
        try bus.announce("x", type: "_http._tcp")
        try bus.announce("unwanted")
        #expect(bus.takeCalls().isEmpty)
    }

    @Test("A daemon that ends is forgotten, and one that comes is asked")
    func daemonEndsAndReturns() throws {
        var bus = try Bus()
        _ = bus.takeCalls()
        try bus.ownerChanges(to: "")
        #expect(bus.takeCalls().isEmpty)
        try bus.ownerChanges(to: ":1.10")
        #expect(bus.takeCalls() == ["ServiceBrowserNew"])
        try bus.announce("x")
        #expect(bus.takeCalls() == ["ResolveService"])
    }

    @Test("A flood of services: so many are asked for at once, and the next when one is answered")
    func flood() throws {
        var bus = try Bus()
        _ = bus.takeCalls()
        for number in 0..<2 * AvahiDaemon.places { try bus.announce("\(number)") }
        #expect(bus.calls.count == AvahiDaemon.places)
        let first = try #require(bus.calls.first?.serial)
        _ = bus.takeCalls()
        _ = try bus.say(try bus.answer(first))
        #expect(bus.takeCalls() == ["ResolveService"])
    }

    @Test func anAnswerOfAnotherFormEndsIt() throws {
        var bus = try Bus()
        try bus.announce("x")
        var answer = try DBusMessage(decoding: try bus.answer(try #require(bus.calls.last?.serial))[...])
        answer.signature = "s"
        #expect(throws: DBusError.malformed) { try bus.say(answer.encoded) }
    }
}
