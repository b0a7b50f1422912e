import Files
import Sodium

/// Files that members pass to each other: offers, names, frames of their lane, and the host that passes them on.
let transferTargets = [
    FuzzTarget("file-offer", atMost: 512, seeds: offerSeeds, run: fileOffer),
    FuzzTarget("file-lane", atMost: 2_048, seeds: laneSeeds, run: fileLane),
]

private func offerSeeds() -> [[UInt8]] {
    let key = FileKey()
    let leaves: [UInt8] = []
    let root = key.root(size: 100_000, leaves: leaves.span)
    return ["holiday.jpg", "../\u{202E}gpj.exe ", "CON", ""].map { name in
        FileOffer(id: FileID(1), name: name, size: 100_000, key: key, root: root).encoded.copy()
    }
}

private func fileOffer(_ input: [UInt8]) {
    if let offer = try? FileOffer(decoding: input) {
        precondition(offer.encoded.copy() == input, "an offer has two forms")
        precondition(offer.size <= FileFormat.largestSize, "an offer is too large")
    }
    let name = FileName(String(decoding: input, as: UTF8.self))
    precondition(!name.text.isEmpty && name.text.utf8.count <= FileName.maximumByteCount, "a name has no length")
    precondition(!name.text.utf8.contains { $0 < 0x20 || $0 == UInt8(ascii: "/") }, "a name is a path")
    precondition(!name.text.utf8.starts(with: [UInt8(ascii: ".")]), "a name is hidden")
    // Not as text, to which composed and decomposed letters are equal.
    precondition(FileName(name.text).text.utf8.elementsEqual(name.text.utf8), "a safe name changes")
}

/// Frames of four members, one after the other: a byte for who, a byte for what, and the frame.
private func laneSeeds() -> [[UInt8]] {
    let file = FileID(1)
    let frames: [FileFrame] = [
        .want(peer: 0, file: file, first: .list(0), count: 1), .want(peer: 0, file: file, first: .data(0), count: 64),
        .have(peer: 0, file: file, bytes: 1), .end(peer: 1, file: file, .complete), .taken(0), .limit(1),
    ]
    var output = FuzzOutput()
    for (index, frame) in frames.enumerated() {
        output.add(UInt8(1 + index % 3), 0)
        output.add(piece: frame.encoded)
    }
    return [output.bytes]
}

private func fileLane(_ input: [UInt8]) {
    var input = FuzzInput(input)
    var relay = FileRelay(.init())
    var lanes = [FileLane](repeating: FileLane(.overTor), count: 4)
    var now = Duration.zero
    func distribute(_ outputs: [FileRelay.Output]) {
        for output in outputs {
            for receiver in output.receivers where receiver < 4 { lanes[Int(receiver)].enqueue(output.frame) }
        }
    }
    while !input.isEmpty {
        let member = UInt32(input.number(below: 4))
        now += .seconds(Int64(input.number(below: 3)))
        switch input.number(below: 8) {
        case 0: distribute(relay.connected(member))
        case 1: relay.disconnected(member)
        case 2: distribute(relay.left(member))
        case 3: _ = lanes[Int(member)].next(now: now)
        case 4:
            // A piece is longer than what a fuzzer likes to make.
            let header = [6] + input.bytes(16)
            let bytes = header + [UInt8](repeating: 0, count: FileFormat.pieceFrameByteCount - header.count)
            guard let frame = try? lanes[Int(member)].received(bytes, now: now),
                let outputs = try? relay.received(frame, from: member, now: now, isMember: { $0 < 3 })
            else { continue }
            precondition(outputs.allSatisfy { $0.frame.encoded.count <= FileFormat.pieceFrameByteCount })
            distribute(outputs)
        default:
            guard let frame = try? lanes[Int(member)].received(input.piece(), now: now),
                let outputs = try? relay.received(frame, from: member, now: now, isMember: { $0 < 3 })
            else { continue }
            distribute(outputs)
        }
        precondition(relay.wantCount <= 4 * FileFormat.window, "a host keeps too many wants")
        precondition(lanes.allSatisfy { $0.waiting <= FileFormat.window }, "a host keeps too many pieces")
    }
}
