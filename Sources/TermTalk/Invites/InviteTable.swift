internal import Chat
internal import SecureSession
internal import Sodium
internal import Wire

/// The invites of a room: how many may come with each, until when, and who came with which.
///
/// A member that comes back after a broken connection makes its handshake with the invite it came with. So the secret of
/// an invite that is no longer in force is still tried, as long as somebody who came with it has a place in the room; to
/// anybody else who shows it the host says that it is used up. So it does for the last few others that were in force.
package struct InviteTable {
    /// Invites in force at a time. The first message of a handshake is tried with each.
    static let maximum = 32

    /// Secrets tried that are no longer in force; past it the oldest is forgotten, and whoever came with it cannot come back
    /// after a broken connection.
    static let maximumHeld = 64

    /// How many of those with which nobody came who is still there. Each costs a try with every first message.
    static let maximumRemembered = 8

    package struct Entry {
        let number: Int
        let secret: InviteSecret
        /// Nil for no limit.
        var usesLeft: Int?
        var used = 0
        /// Nil for as long as the room.
        let expiresAt: Duration?
    }

    /// The room's own invite has this number, without a limit, and is changed when somebody is removed.
    static let roomNumber = RoomChange.Invite.roomNumber

    private(set) var entries: [Entry]
    private var lastNumber = InviteTable.roomNumber
    /// By static key; several for a member that has come back with another one.
    private var invites: [[UInt8]: [InviteSecret]] = [:]
    /// No longer in force, and known to somebody who is there; oldest first.
    private var held: [InviteSecret] = []
    /// No longer in force, and of nobody who is there; oldest first.
    private var remembered: [InviteSecret] = []

    init(room secret: InviteSecret) {
        entries = [Entry(number: Self.roomNumber, secret: secret, usesLeft: nil, expiresAt: nil)]
    }

    /// All secrets that a handshake may be made with, the latest first.
    var secrets: [InviteSecret] { secretsInUse + remembered.reversed() }

    /// Those with which somebody can come in, or back.
    var secretsInUse: [InviteSecret] { entries.reversed().map(\.secret) + held.reversed() }

    /// The next time that an invite expires.
    var nextExpiry: Duration? { entries.compactMap(\.expiresAt).min() }

    /// Whether somebody new may come in with this invite, while `others` who came with it are on their way in.
    func mayJoin(with secret: InviteSecret, others: Int = 0, now: Duration) -> Bool {
        guard let entry = entries.first(where: { $0.secret === secret }) else { return false }
        return entry.usesLeft.map { $0 > others } != false && entry.expiresAt.map { now < $0 } != false
    }

    /// The owner of `key` came in. Coming back in its own place is no further use.
    mutating func joined(with secret: InviteSecret, key: [UInt8]) {
        guard invites[key]?.contains(where: { $0 === secret }) != true else { return }
        if invites[key] == nil, let same = invites.values.first(where: { $0.count == 1 && $0[0] === secret }) {
            // One array for all who came with it.
            invites[key] = same
        } else {
            invites[key, default: []].append(secret)
        }
        guard let index = entries.firstIndex(where: { $0.secret === secret }) else { return }
        entries[index].used += 1
        if let left = entries[index].usesLeft {
            entries[index].usesLeft = max(0, left - 1)
        }
    }

    /// A new invite; nil when there are too many.
    mutating func make(uses: Int?, lifetime: Duration?, now: Duration) -> Entry? {
        guard entries.count < Self.maximum else { return nil }
        lastNumber += 1
        let entry = Entry(
            number: lastNumber, secret: InviteSecret(), usesLeft: uses, expiresAt: lifetime.map { now + $0 })
        entries.append(entry)
        return entry
    }

    /// The invite of this number is no longer in force; that of the room is replaced by another one.
    ///
    /// - Returns: the keys of those who came with it; nil when there is no such invite.
    mutating func revoke(number: Int) -> [[UInt8]]? {
        guard let index = entries.firstIndex(where: { $0.number == number }) else { return nil }
        let secret = entries[index].secret
        retire(at: index)
        return holders(of: [secret])
    }

    /// The invites with which a member came, and that of the room, are no longer in force. Returns the keys of all who came
    /// with one of them.
    @discardableResult
    mutating func revoke(whatIsKnownTo key: [UInt8]) -> [[UInt8]] {
        var retired: [InviteSecret] = []
        for secret in invites[key, default: []] + [room?.secret].compactMap(\.self) {
            guard let index = entries.firstIndex(where: { $0.secret === secret }) else { continue }
            retired.append(secret)
            retire(at: index)
        }
        return holders(of: retired)
    }

    private func holders(of secrets: [InviteSecret]) -> [[UInt8]] {
        invites.filter { $0.value.contains { known in secrets.contains { $0 === known } } }.map(\.key)
    }

    private mutating func retire(at index: Int) {
        let entry = entries.remove(at: index)
        held.append(entry.secret)
        if entry.number == Self.roomNumber {
            entries.insert(
                Entry(number: Self.roomNumber, secret: InviteSecret(), usesLeft: nil, expiresAt: nil), at: 0)
        }
    }

    /// The room's own invite.
    var room: Entry? { entries.first { $0.number == Self.roomNumber } }

    /// Retires what is used up or has expired, and forgets what nobody in the room came with. Returns the secrets that are
    /// no longer tried.
    mutating func tidy(now: Duration, isPresent: ([UInt8]) -> Bool) -> [InviteSecret] {
        while let index = entries.firstIndex(where: { !mayJoin(with: $0.secret, now: now) }) {
            retire(at: index)
        }
        let tried = secretsInUse
        let isTried = { (secret: InviteSecret) in tried.contains { $0 === secret } }
        if invites.contains(where: { !isPresent($0.key) || !$0.value.allSatisfy(isTried) }) {
            invites = invites.filter { isPresent($0.key) }
                .mapValues { $0.allSatisfy(isTried) ? $0 : $0.filter(isTried) }
        }
        var forgotten: [InviteSecret] = []
        var kept: [InviteSecret] = []
        for secret in held {
            if invites.values.contains(where: { $0.contains { $0 === secret } }) {
                kept.append(secret)
            } else {
                forgotten.append(secret)
            }
        }
        let excess = max(0, kept.count - Self.maximumHeld)
        remembered += forgotten
        held = Array(kept.dropFirst(excess))
        let dropped = remembered.prefix(max(0, remembered.count - Self.maximumRemembered))
        remembered.removeFirst(dropped.count)
        return Array(dropped + kept.prefix(excess))
    }
}

// MARK: Keeping

extension InviteTable {
    private static let sealingLabel = Array("TermTalk kept invites".utf8)
    /// Members that came with an invite and have a place; a room has fewer.
    private static let holderLimit = 65_536

    /// All of it, for a snapshot; the secrets are sealed under `key`. Times are relative to `now`.
    func encoded(key: borrowing SecretBytes, now: Duration) -> [UInt8] {
        let secrets = (entries.map(\.secret) + held + remembered).filter(\.isKnown)
        let number = { (secret: InviteSecret) in secrets.firstIndex { $0 === secret }.map { UInt16(clamping: $0) } }
        let numbers = { (list: [InviteSecret], writer: inout ByteWriter) in
            let known = list.compactMap(number)
            writer.write(UInt16(clamping: known.count))
            for number in known { writer.write(number) }
        }
        var writer = ByteWriter()
        writer.writeVector(Self.seal(secrets, key))
        writer.write(UInt32(clamping: lastNumber))
        writer.write(UInt16(clamping: entries.count))
        for entry in entries {
            writer.write(UInt32(clamping: entry.number))
            writer.write(number(entry.secret) ?? .max)
            writer.write(entry.usesLeft.map { UInt32(clamping: $0) } ?? .max)
            writer.write(UInt32(clamping: entry.used))
            // Whole milliseconds from now on, and one more: 0 is for never.
            let left = entry.expiresAt.map { UInt64(max(0, ($0 - now) / .milliseconds(1))) + 1 }
            writer.write(left ?? 0)
        }
        numbers(held, &writer)
        numbers(remembered, &writer)
        writer.write(UInt32(clamping: invites.count))
        for (key, list) in invites.sorted(by: { $0.key.lexicographicallyPrecedes($1.key) }) {
            writer.writeVector(key)
            numbers(list, &writer)
        }
        return writer.bytes
    }

    /// - Throws: ``WireError`` when these are not what ``encoded(key:now:)`` has written.
    init(decoding bytes: [UInt8], key: borrowing SecretBytes, now: Duration) throws(WireError) {
        var reader = ByteReader(bytes)
        let limit = Self.maximum + Self.maximumHeld + Self.maximumRemembered
        let sealed = try reader.readVector(atMost: limit * InviteSecret.byteCount + XChaChaPoly.addedByteCount)
        let secrets = try Self.open(sealed, key)
        let readSecret = { (reader: inout ByteReader) throws(WireError) -> InviteSecret in
            let number = Int(try reader.readUInt16())
            guard secrets.indices.contains(number) else { throw .invalidValue }
            return secrets[number]
        }
        let readSecrets = { (reader: inout ByteReader) throws(WireError) -> [InviteSecret] in
            var list: [InviteSecret] = []
            for _ in 0..<(try reader.readUInt16()) { list.append(try readSecret(&reader)) }
            return list
        }
        lastNumber = Int(try reader.readUInt32())
        entries = []
        for _ in 0..<(try reader.readUInt16()) {
            let number = Int(try reader.readUInt32())
            let secret = try readSecret(&reader)
            let uses = try reader.readUInt32()
            let used = Int(try reader.readUInt32())
            let left = try reader.readUInt64()
            guard left <= 1 << 50 else { throw .invalidValue }
            entries.append(
                Entry(
                    number: number, secret: secret, usesLeft: uses == .max ? nil : Int(uses), used: used,
                    expiresAt: left == 0 ? nil : now + .milliseconds(left - 1)))
        }
        held = try readSecrets(&reader)
        remembered = try readSecrets(&reader)
        let count = try reader.readUInt32()
        guard count <= Self.holderLimit, entries.contains(where: { $0.number == Self.roomNumber }) else {
            throw .invalidValue
        }
        for _ in 0..<count {
            let key = try reader.readVector(atMost: X25519.byteCount)
            invites[key] = try readSecrets(&reader)
        }
        try reader.finish()
    }

    private static func seal(_ secrets: [InviteSecret], _ key: borrowing SecretBytes) -> [UInt8] {
        var buffer = SecretBytes(count: secrets.count * InviteSecret.byteCount + XChaChaPoly.addedByteCount)
        buffer.withMutableBytes { buffer in
            for (number, secret) in secrets.enumerated() {
                secret.withSecret { bytes in
                    let start = XChaChaPoly.nonceByteCount + number * InviteSecret.byteCount
                    for index in bytes.indices { buffer[start + index] = bytes[index] }
                }
            }
            XChaChaPoly.seal(inPlace: &buffer, authenticating: sealingLabel.span, key: key)
        }
        return buffer.withBytes { bytes in bytes.indices.map { bytes[$0] } }
    }

    private static func open(_ sealed: [UInt8], _ key: borrowing SecretBytes) throws(WireError) -> [InviteSecret] {
        var buffer = SecretBytes(copying: sealed.span)
        try buffer.withMutableBytes { buffer throws(WireError) in
            do throws(SodiumError) {
                try XChaChaPoly.open(inPlace: &buffer, authenticating: sealingLabel.span, key: key)
            } catch {
                throw .invalidValue
            }
        }
        let count = (sealed.count - XChaChaPoly.addedByteCount) / InviteSecret.byteCount
        return buffer.withBytes { bytes in
            (0..<count).map { number in
                let start = XChaChaPoly.nonceByteCount + number * InviteSecret.byteCount
                return InviteSecret(SecretBytes(copying: bytes.extracting(start..<start + InviteSecret.byteCount)))
            }
        }
    }
}
