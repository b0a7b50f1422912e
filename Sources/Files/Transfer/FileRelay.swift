/// The host's side of files: passes what receivers ask for on to senders, and pieces to all who have asked for them. It keeps
/// no piece: only who wants which, at most ``FileFormat/window`` for each member. Sans-IO; members are named by number.
package struct FileRelay: Sendable {
    package struct Limits: Sendable {
        /// Bytes of the largest file; 0 for no files at all.
        package var largest: UInt64 = 104_857_600
        /// What one member may have passed on at once, and in the long run in each hour, in files of the largest size.
        static let filesAnHour: Double = 64

        package init() {}
    }

    /// To whom a frame goes.
    package struct Output: Sendable, Equatable {
        package let frame: FileFrame
        package let receivers: [UInt32]
    }

    private struct Place: Hashable {
        let sender: UInt32
        let file: FileID
    }

    /// Ends that wait for one member that is away.
    private static let heldEnds = FileFormat.outgoing
    /// Frames without a piece that one member may have passed on at once, and in the long run in each second, beside those that
    /// bring pieces. They wait for no window: many would stand before what is said on the connections of others.
    static let controlBurst: Double = 1_024
    static let controlRate: Double = 64

    private let limits: Limits
    private var connected: Set<UInt32> = []
    private var wants: [Place: [UInt32: [UInt32]]] = [:]
    /// How many pieces a receiver waits for, of which files.
    private var awaited: [UInt32: [Place: Int]] = [:]
    private var held: [UInt32: [FileFrame]] = [:]
    /// What a sender has had passed on, less what time has forgiven, in bytes, and when that was.
    private var spent: [UInt32: (bytes: Double, at: Duration)] = [:]
    /// The same of frames without a piece.
    private var controlSpent: [UInt32: (frames: Double, at: Duration)] = [:]

    package init(_ limits: Limits) {
        self.limits = limits
    }

    /// Pieces that are waited for.
    package var wantCount: Int { awaited.values.reduce(0) { $0 + $1.values.reduce(0, +) } }

    /// Members of whom anything is kept.
    package var known: Set<UInt32> {
        Set(wants.keys.map(\.sender)).union(held.keys).union(spent.keys).union(controlSpent.keys)
    }

    // MARK: Who is there

    /// A member has a connection. What others want of it is asked again.
    package mutating func connected(_ member: UInt32) -> [Output] {
        connected.insert(member)
        var outputs = [Output(frame: .limit(limits.largest), receivers: [member])]
        outputs += (held.removeValue(forKey: member) ?? []).map { Output(frame: $0, receivers: [member]) }
        for (place, pieces) in wants where place.sender == member {
            guard let receiver = pieces.values.first?.first else { continue }
            for (first, count) in Self.ranges(of: pieces.keys.sorted()) {
                outputs.append(
                    Output(
                        frame: .want(peer: receiver, file: place.file, first: .init(rawValue: first), count: count),
                        receivers: [member]))
            }
        }
        return outputs
    }

    /// A member's connection is broken: it asks again when it is back.
    package mutating func disconnected(_ member: UInt32) {
        connected.remove(member)
        for place in (awaited[member] ?? [:]).keys { forget(place, for: member) }
    }

    /// A member is gone for good.
    package mutating func left(_ member: UInt32) -> [Output] {
        disconnected(member)
        held[member] = nil
        spent[member] = nil
        controlSpent[member] = nil
        return wants.keys.filter { $0.sender == member }.map { end($0, .gone) }
    }

    // MARK: What they send

    /// A frame of a member has come, which is not for the connection itself.
    ///
    /// - Parameter isMember: whether somebody has a place in the room.
    /// - Throws: ``FileError/malformed``: the connection is to be closed.
    package mutating func received(
        _ frame: FileFrame, from member: UInt32, now: Duration, isMember: (UInt32) -> Bool
    ) throws(FileError) -> [Output] {
        switch frame {
        case .limit, .taken:
            throw .malformed
        case .want(let sender, let file, let first, let count):
            guard count > 0, count <= FileFormat.window, sender != member,
                first.index <= PieceNumber(rawValue: .max).index - UInt32(count)
            else { throw .malformed }
            guard ask(member, now: now) else { return [] }
            return wanted(Place(sender: sender, file: file), first, count, by: member, isMember: isMember)
        case .have(let peer, let file, let bytes):
            guard ask(member, now: now), connected.contains(peer) else { return [] }
            return [Output(frame: .have(peer: member, file: file, bytes: bytes), receivers: [peer])]
        case .end(let peer, let file, let end):
            forget(Place(sender: peer, file: file), for: member)
            forget(Place(sender: member, file: file), for: peer)
            guard ask(member, now: now) else { return [] }
            let frame = FileFrame.end(peer: member, file: file, end)
            guard connected.contains(peer) else {
                if isMember(peer), (held[peer]?.count ?? 0) < Self.heldEnds { held[peer, default: []].append(frame) }
                return []
            }
            return [Output(frame: frame, receivers: [peer])]
        case .piece(var frame):
            let place = Place(sender: member, file: frame.file)
            let isPaid = pay(member, FileFormat.sealedByteCount, now: now)
            guard let receivers = wants[place]?.removeValue(forKey: frame.number.rawValue) else {
                // Its receiver may have gone meanwhile; but nobody goes on for ever so.
                guard isPaid else { throw .malformed }
                return []
            }
            if wants[place]?.isEmpty == true { wants[place] = nil }
            for receiver in receivers {
                release(place, for: receiver)
                controlSpent[receiver]?.frames -= 1
            }
            guard isPaid else {
                let others = end(place, .tooMuch)
                return [
                    Output(frame: others.frame, receivers: Array(Set(others.receivers + receivers)).sorted())
                ] + receivers.map { Output(frame: .end(peer: $0, file: place.file, .tooMuch), receivers: [member]) }
            }
            frame.peer = member
            return [Output(frame: .piece(frame), receivers: receivers)]
        }
    }

    private mutating func wanted(
        _ place: Place, _ first: PieceNumber, _ count: UInt16, by receiver: UInt32, isMember: (UInt32) -> Bool
    ) -> [Output] {
        guard isMember(place.sender) else {
            return [Output(frame: .end(peer: place.sender, file: place.file, .gone), receivers: [receiver])]
        }
        let pieces = FileFormat.pieceCount(size: limits.largest)
        let end = first.isList ? FileFormat.pageCount(pieces: pieces) : FileFormat.paddedCount(pieces)
        guard first.index + UInt32(count) <= end else {
            forget(place, for: receiver)
            return [
                Output(frame: .end(peer: place.sender, file: place.file, .tooLarge), receivers: [receiver]),
                Output(frame: .end(peer: receiver, file: place.file, .tooLarge), receivers: [place.sender]),
            ].filter { $0.receivers.allSatisfy(connected.contains) }
        }
        guard awaited[receiver]?[place] != nil || (awaited[receiver]?.count ?? 0) < FileFormat.incoming else {
            return []
        }
        var asked: [UInt32] = []
        for number in first.rawValue..<first.rawValue + UInt32(count) {
            let receivers = wants[place]?[number] ?? []
            if !receivers.contains(receiver) {
                guard (awaited[receiver]?.values.reduce(0, +) ?? 0) < FileFormat.window else { break }
                wants[place, default: [:]][number, default: []].append(receiver)
                awaited[receiver, default: [:]][place, default: 0] += 1
                // Somebody else has asked for it, and it comes for both.
                if !receivers.isEmpty { continue }
            }
            asked.append(number)
        }
        guard connected.contains(place.sender) else { return [] }
        return Self.ranges(of: asked).map {
            Output(
                frame: .want(
                    peer: receiver, file: place.file, first: .init(rawValue: $0.first), count: $0.count),
                receivers: [place.sender])
        }
    }

    /// Rising numbers as ranges, each of which one frame asks for.
    private static func ranges(of numbers: [UInt32]) -> [(first: UInt32, count: UInt16)] {
        var ranges: [(first: UInt32, count: UInt16)] = []
        for number in numbers {
            if let last = ranges.last, last.first + UInt32(last.count) == number, last.count < FileFormat.window {
                ranges[ranges.count - 1].count += 1
            } else {
                ranges.append((number, 1))
            }
        }
        return ranges
    }

    /// A receiver waits for one piece less of a file.
    private mutating func release(_ place: Place, for receiver: UInt32) {
        guard let count = awaited[receiver]?[place] else { return }
        awaited[receiver]?[place] = count > 1 ? count - 1 : nil
        if awaited[receiver]?.isEmpty == true { awaited[receiver] = nil }
    }

    /// A receiver waits for nothing more of a file.
    private mutating func forget(_ place: Place, for receiver: UInt32) {
        guard awaited[receiver]?.removeValue(forKey: place) != nil else { return }
        if awaited[receiver]?.isEmpty == true { awaited[receiver] = nil }
        for number in (wants[place] ?? [:]).keys {
            wants[place]?[number]?.removeAll { $0 == receiver }
            if wants[place]?[number]?.isEmpty == true { wants[place]?[number] = nil }
        }
        if wants[place]?.isEmpty == true { wants[place] = nil }
    }

    /// Nobody gets anything of a file any more.
    private mutating func end(_ place: Place, _ reason: FileEnd) -> Output {
        let receivers = Set((wants[place] ?? [:]).values.joined())
        for receiver in receivers { forget(place, for: receiver) }
        return Output(frame: .end(peer: place.sender, file: place.file, reason), receivers: receivers.sorted())
    }

    /// Whether the member may have a frame more passed on that carries no piece.
    private mutating func ask(_ member: UInt32, now: Duration) -> Bool {
        let (before, at) = controlSpent[member] ?? (0, now)
        let total = max(0, before - (now - at) / .seconds(1) * Self.controlRate) + 1
        guard total <= Self.controlBurst else { return false }
        controlSpent[member] = (total, now)
        return true
    }

    /// Whether the sender may have so many bytes more passed on.
    private mutating func pay(_ sender: UInt32, _ bytes: Int, now: Duration) -> Bool {
        let allowance = Double(limits.largest) * Limits.filesAnHour
        let (before, at) = spent[sender] ?? (0, now)
        let forgiven = (now - at) / .seconds(3_600) * allowance
        let total = max(0, before - forgiven) + Double(bytes)
        guard total <= allowance else { return false }
        spent[sender] = (total, now)
        return true
    }
}
