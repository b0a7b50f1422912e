import Discovery

/// What machines of a local network say to each other.
let networkTargets = [
    FuzzTarget(
        "announcement", atMost: 512,
        seeds: {
            [RoomAnnouncement(room: "a3f5d7b9e2c4f6a8", name: nil), RoomAnnouncement(room: "r", name: "Küche")]
                .map { ([Array($0.tag.name.utf8)] + $0.strings).flatMap { [UInt8($0.count)] + $0 } }
        }, run: announcement),
    FuzzTarget(
        "one-shot", atMost: 2_048,
        seeds: {
            let name = RoomAnnouncement(room: "r", name: nil).tag.name
            let type = [9] + Array("_termtalk".utf8) + [4] + Array("_tcp".utf8) + [5] + Array("local".utf8) + [0]
            let service = [UInt8(name.utf8.count)] + Array(name.utf8) + [0xC0, 0x0C]
            let header: [UInt8] = [0x12, 0x34, 0x84, 0, 0, 0, 0, 4, 0, 0, 0, 0]
            func record(_ owner: [UInt8], _ kind: UInt8, _ content: [UInt8]) -> [UInt8] {
                owner + [0, kind, 0, 1, 0, 0, 0, 9, 0, UInt8(content.count)] + content
            }
            let records = [
                record(type, 12, service), record(service, 33, [0, 0, 0, 0, 0, 9, 1, 0x68, 0]),
                record(service, 16, [3] + Array("v=1".utf8)), record([1, 0x68, 0], 1, [10, 0, 0, 1]),
            ]
            return [header + records.joined()]
        }, run: oneShot),
    FuzzTarget("bus", atMost: 2_048, seeds: { [Array("OK 0123\r\n".utf8)] }, run: bus),
]

private func oneShot(_ input: [UInt8]) {
    var search = OneShotSearch(type: "_termtalk._tcp", interface: 2, number: 0x1234) { $0 != "x" }
    guard let first = try? search.received(input) else { return }
    for service in first.found { precondition(service.strings.count <= 16, "more strings than are looked at") }
    guard let second = try? search.received(input) else { preconditionFailure("what was read is not read again") }
    precondition(second.found.isEmpty, "told twice")
    precondition(search.questions.allSatisfy { $0.count < 9_000 }, "a packet that is too long")
}

private func bus(_ input: [UInt8]) {
    var daemon = AvahiDaemon(type: "_termtalk._tcp", userID: 0)
    do throws(DBusError) {
        for service in try daemon.received(input.span) {
            precondition(service.strings.count <= 16, "more strings than are looked at")
        }
    } catch {
        return
    }
    _ = daemon.takeOutput()
}

private func announcement(_ input: [UInt8]) {
    var input = FuzzInput(input)
    var strings: [[UInt8]] = []
    while !input.isEmpty { strings.append(input.shortPiece()) }
    let name = strings.first.map { String(decoding: $0, as: UTF8.self) } ?? ""
    guard let read = RoomAnnouncement(name: name, strings: Array(strings.dropFirst())) else { return }
    precondition(
        RoomAnnouncement(name: read.tag.name, strings: read.strings) == read, "what was written reads otherwise")
}
