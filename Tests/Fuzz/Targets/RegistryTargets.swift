import Sodium

@testable import TermTalk

/// What a registry holds, and what is asked at the socket of metrics.
let registryTargets = [
    FuzzTarget("registry", atMost: 1_600, seeds: registrySeeds, run: registry)
]

private func registrySeeds() -> [[UInt8]] {
    guard let room = RoomName("lobby"), let key = try? X25519.PublicKey([9] + [UInt8](repeating: 0, count: 31)),
        let address = try? RoomAddress("127.0.0.1:4000"), let other = try? RoomAddress("[2001:db8::1]:1")
    else { preconditionFailure("these are good") }
    let record = RegistryRecord(addresses: [address, other], hostKey: key, writtenAt: 1_000, endsAt: 2_000)
    let listing = RegistryListing(name: "Kitchen", room: room, record: record)
    return [
        [0] + record.encoded, [1] + listing.encoded, [2] + Array("GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n".utf8),
        [2] + Array("\n".utf8),
    ]
}

private func registry(_ input: [UInt8]) {
    let bytes = Array(input.dropFirst())
    switch input.first {
    case 0:
        let padded = bytes + [UInt8](repeating: 0, count: max(0, RegistryRecord.byteCount - bytes.count))
        guard let record = try? RegistryRecord(padded.prefix(RegistryRecord.byteCount)) else { return }
        precondition((try? RegistryRecord(record.encoded[...])) == record, "a record changes when it is read again")
        _ = record.isCurrent(now: 1_000)
    case 1:
        guard let listing = RegistryListing(bytes) else { return }
        precondition(RegistryListing(listing.encoded) == listing, "a listing changes when it is read again")
    default:
        var whole = MetricsRequest()
        let answer = whole.received(bytes.span)
        var pieces = MetricsRequest()
        for byte in bytes {
            guard let early = pieces.received([byte].span) else { continue }
            // What follows a whole request is not read.
            precondition(answer == early || answer == .tooLong, "an answer depends on the pieces")
            return
        }
        precondition(answer == nil || answer == .tooLong, "an answer depends on the pieces")
    }
}
