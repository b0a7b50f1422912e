internal import Chat
internal import Sodium
internal import Wire

/// At a relay: the keys for handshakes of the invites that the group has had, as far as it was told of them. Which secret of the
/// group each is made from stands in the group's book.
struct GroupInvites {
    /// Some who were sent out know the group's invite: nobody new comes in by it.
    private struct Spoilt {
        var ids: [MemberID]
        /// The moderator who sent the last of them out, and whose it is to give the group another secret.
        var moderator: MemberID
        var until: Duration
        /// The first secret of the group that they do not know; nil while there is none.
        var generation: UInt64?
    }

    /// By the generation of their secrets. All fit that a group can have.
    private var keys: [UInt64: SecretContent] = [:]
    private var spoilt: Spoilt?

    /// Whether nobody can have come with an invite of the group.
    var isEmpty: Bool { keys.isEmpty }

    /// The key of that secret, if it is known.
    func key(of generation: UInt64) -> SecretContent? { keys[generation] }

    /// All others, oldest first.
    func others(than generation: UInt64) -> [SecretContent] {
        keys.filter { $0.key != generation }.sorted { $0.key < $1.key }.map(\.value)
    }

    /// The key is that of this generation of the group's secret, of which the group is in the `current` one. Returns whether it was
    /// not known.
    mutating func register(_ key: SecretContent, of generation: UInt64, current: UInt64) -> Bool {
        guard keys[generation] == nil, generation < UInt64(RoomLimits.groupInvites) else { return false }
        keys[generation] = key
        if generation == current, let first = spoilt?.generation, generation >= first { spoilt = nil }
        return true
    }

    /// The member is about to be sent out by that moderator. Past so many the first one does not count any more.
    mutating func spoil(by id: MemberID, sentOutBy moderator: MemberID, until time: Duration) {
        let others = (spoilt?.ids ?? []).filter { $0 != id }
        spoilt = Spoilt(ids: others.suffix(RoomLimits.spoilers - 1) + [id], moderator: moderator, until: time)
    }

    /// Who has sent out the last of those who know the invite, while the group has no secret that they do not know.
    func renewer(now: Duration) -> MemberID? {
        guard let spoilt, now < spoilt.until, spoilt.generation == nil else { return nil }
        return spoilt.moderator
    }

    /// Whether one of those is in the group still.
    func isSpoiler(in book: any GroupBook) -> Bool { spoilt?.ids.contains(where: book.contains) == true }

    /// Whether it is to be replaced, because somebody who was sent out knows it.
    func isSpoilt(now: Duration) -> Bool { spoilt.map { now < $0.until } ?? false }

    /// The group has followed a Commit. Whoever is in it then can make the secret that it gets by that.
    mutating func followed(from before: any GroupBook, to after: any GroupBook) {
        guard let spoilt, spoilt.generation == nil, after.secretGeneration > before.secretGeneration,
            !spoilt.ids.contains(where: before.contains)
        else { return }
        self.spoilt?.generation = after.secretGeneration
    }
}

extension GroupInvites {
    init(reading reader: inout StateReader) throws(WireError) {
        func readKey(_ reader: inout StateReader) throws(WireError) -> SecretContent {
            var key = try reader.readBytes()
            defer { key.wipe() }
            guard key.count == RoomLimits.presharedKeyByteCount else { throw .invalidValue }
            return SecretContent(copying: key.span)
        }
        let keys = try reader.readList(atMost: RoomLimits.groupInvites) { reader throws(WireError) in
            let generation = try reader.readUInt64()
            guard generation < UInt64(RoomLimits.groupInvites) else { throw .invalidValue }
            return (generation, try readKey(&reader))
        }
        self.keys = Dictionary(keys, uniquingKeysWith: { $1 })
        spoilt = try reader.readOptional { reader throws(WireError) in
            Spoilt(
                ids: try reader.readList(atMost: RoomLimits.spoilers) { reader throws(WireError) in
                    try reader.readMemberID()
                }, moderator: try reader.readMemberID(), until: try reader.readTime(),
                generation: try reader.readOptional { reader throws(WireError) in try reader.readUInt64() })
        }
    }

    func write(to writer: inout StateWriter) {
        writer.write(list: keys.sorted { $0.key < $1.key }) { writer, entry in
            writer.write(entry.key)
            writer.write(entry.value.copy())
        }
        writer.write(optional: spoilt) { writer, spoilt in
            writer.write(list: spoilt.ids) { writer, id in writer.write(id) }
            writer.write(spoilt.moderator)
            writer.write(time: spoilt.until)
            writer.write(optional: spoilt.generation) { writer, generation in writer.write(generation) }
        }
    }
}
