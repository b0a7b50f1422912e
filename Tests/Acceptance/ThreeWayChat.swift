import Testing

/// Three people who talk all at once: the order is the same for all, and nothing is lost or doubled.
enum ThreeWayChat {
    /// Each of the three sends `count` messages through standard input, as plain lines and as objects in turn.
    static func run(_ people: [TermTalkProcess], count: Int, seconds: Double) async throws {
        for (number, person) in people.enumerated() {
            // In one piece: it is the program that has to take it as fast as the room allows.
            person.write((0..<count).map { line(number, $0) }.joined())
        }
        var orders: [[String]] = []
        for (number, person) in people.enumerated() {
            let messages = try await person.events("message", count: people.count * count, seconds: seconds)
            #expect(messages.map(\.seq) == Array(1...people.count * count), "sees gaps: \(number)")
            #expect(Set(messages.compactMap(\.id)).count == messages.count)
            orders.append(messages.compactMap { "\($0.id ?? "") \($0.from ?? "") \($0.text ?? "")" })
            for sender in people.indices {
                let heard = messages.compactMap(\.text).filter { $0.hasPrefix("\(sender):") }
                #expect(
                    heard == (0..<count).map { text(sender, $0) }, "\(number) does not hear all of \(sender) in order")
            }
            let own = messages.filter { $0.isOwn == true }
            #expect(own.count == count)
            #expect(own.allSatisfy { $0.text?.hasPrefix("\(number):") == true })
            #expect(messages.allSatisfy { $0.kind == "text" })
            let delivered = try await person.events("delivered", count: count, seconds: seconds)
            #expect(delivered.map(\.id) == own.map(\.id))
        }
        #expect(orders.allSatisfy { $0 == orders[0] }, "the order is not the same for all")
        for person in people {
            // Whoever is lagging has seen everything in the end; receipts come with some delay.
            let last = try #require(person.eventsSoFar.last { $0.event == "message" && $0.isOwn == true }?.id)
            try await person.event("acknowledged", seconds: seconds) { $0.id == last && $0.count == 2 && $0.of == 2 }
        }
    }

    /// The members leave and the host ends the room, all in order.
    static func end(_ people: [TermTalkProcess]) async throws {
        for member in people.dropFirst() {
            member.send("/quit")
            let result = try await member.result()
            #expect(result.status == 0)
            #expect(result.events("closed").map(\.reason) == ["quit"])
            #expect(result.events("error").isEmpty)
            #expect(result.errors == [])
        }
        let left = try await people[0].events("member-left", count: people.count - 1)
        #expect(left.allSatisfy { $0.reason == "quit" })
        people[0].send(#"{"command":"/quit"}"#)
        let result = try await people[0].result()
        #expect(result.status == 0)
        #expect(result.events("closed").map(\.reason) == ["host-quit"])
        #expect(result.events("error").isEmpty)
        #expect(result.errors == [])
    }

    private static func text(_ person: Int, _ number: Int) -> String {
        "\(person):\(number) — „\\Grüße\" 👋"
    }

    private static func line(_ person: Int, _ number: Int) -> String {
        let text = text(person, number)
        guard number.isMultiple(of: 2) else { return text + "\n" }
        let escaped = text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"")
        return "{\"send\":\"\(escaped)\"}\n"
    }
}

struct DirectChatTests {
    @Test func threePeopleSendAThousandMessagesEach() async throws {
        let hosted = try await HostedRoom.direct(["--nick", "host"])
        let byInvite = try await hosted.join(["--nick", "invited"])
        let byRoom = try TermTalkProcess(
            ["join", hosted.room, "--direct", hosted.address, "--host-key", hosted.hostKey, "--json"], home: TestHome())
        let joined = try await byRoom.event("joined-room")
        #expect(joined.trust == "known")
        #expect(joined.members?.count == 3)
        #expect(joined.members?.filter(\.host).map(\.nick) == ["host"])
        // Who counts receipts has to know all three, and what is said before one knows of somebody is not for that one.
        try await hosted.host.events("member-joined", count: 2)
        try await byInvite.event("member-joined")
        let people = [hosted.host, byInvite, byRoom]
        try await ThreeWayChat.run(people, count: 1_000, seconds: 200)
        try await ThreeWayChat.end(people)
    }
}
