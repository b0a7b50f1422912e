import Discovery

/// What machines of a local network say to each other.
let networkTargets = [
    FuzzTarget(
        "announcement", atMost: 512,
        seeds: {
            [RoomAnnouncement(room: "a3f5d7b9e2c4f6a8", name: nil), RoomAnnouncement(room: "r", name: "Küche")]
                .map { $0.strings.flatMap { [UInt8($0.count)] + $0 } }
        }, run: announcement),
    FuzzTarget("bus", atMost: 2_048, seeds: { [Array("OK 0123\r\n".utf8)] }, run: bus),
]

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
    guard let read = RoomAnnouncement(strings: strings) else { return }
    precondition(RoomAnnouncement(strings: read.strings) == read, "what was written reads otherwise")
}
