internal import Room
package import SecureSession

/// The invites of a room: how many may come with each, until when, and who came with which.
///
/// A member that comes back after a broken connection makes its handshake with the invite it came with. So the secret of
/// an invite that is no longer in force is still tried, as long as somebody who came with it has a place in the room; to
/// anybody else who shows it the host says that it is used up. So it does for the last few others that were in force.
package struct InviteTable {
    /// Invites in force at a time. The first message of a handshake is tried with each.
    package static let maximum = 32

    /// Secrets tried that are no longer in force; past it the oldest is forgotten, and who came with it cannot come back
    /// after a broken connection.
    package static let maximumHeld = 64

    /// How many of those nobody came with who is still there. Each costs a try with every first message.
    package static let maximumRemembered = 8

    package struct Entry {
        package let number: Int
        package let secret: InviteSecret
        /// Nil for no limit.
        package var usesLeft: Int?
        package var used = 0
        /// Nil for as long as the room.
        package let expiresAt: Duration?
    }

    /// The room's own invite has this number, without a limit, and is changed when somebody is removed.
    package static let roomNumber = RoomChange.Invite.roomNumber

    package private(set) var entries: [Entry]
    private var lastNumber = InviteTable.roomNumber
    /// By static key; several for who has come back with another one.
    private var invites: [[UInt8]: [InviteSecret]] = [:]
    /// No longer in force, and known to somebody who is there; oldest first.
    private var held: [InviteSecret] = []
    /// No longer in force, and of nobody who is there; oldest first.
    private var remembered: [InviteSecret] = []

    package init(room secret: InviteSecret) {
        entries = [Entry(number: Self.roomNumber, secret: secret, usesLeft: nil, expiresAt: nil)]
    }

    /// All secrets that a handshake may be made with, the latest first.
    package var secrets: [InviteSecret] { secretsInUse + remembered.reversed() }

    /// Those with which somebody can come in, or back.
    package var secretsInUse: [InviteSecret] { entries.reversed().map(\.secret) + held.reversed() }

    /// The next time that an invite expires.
    package var nextExpiry: Duration? { entries.compactMap(\.expiresAt).min() }

    /// Whether somebody new may come in with this invite, while `others` who came with it are on their way in.
    package func mayJoin(with secret: InviteSecret, others: Int = 0, now: Duration) -> Bool {
        guard let entry = entries.first(where: { $0.secret === secret }) else { return false }
        return entry.usesLeft.map { $0 > others } != false && entry.expiresAt.map { now < $0 } != false
    }

    /// The owner of `key` came in. Coming back in its own place is no further use.
    package mutating func joined(with secret: InviteSecret, key: [UInt8]) {
        guard invites[key]?.contains(where: { $0 === secret }) != true else { return }
        invites[key, default: []].append(secret)
        guard let index = entries.firstIndex(where: { $0.secret === secret }) else { return }
        entries[index].used += 1
        if let left = entries[index].usesLeft {
            entries[index].usesLeft = max(0, left - 1)
        }
    }

    /// A new invite; nil when there are too many.
    package mutating func make(uses: Int?, lifetime: Duration?, now: Duration) -> Entry? {
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
    package mutating func revoke(number: Int) -> [[UInt8]]? {
        guard let index = entries.firstIndex(where: { $0.number == number }) else { return nil }
        let secret = entries[index].secret
        retire(at: index)
        return holders(of: [secret])
    }

    /// The invites with which a member came, and that of the room, are no longer in force. Returns the keys of all who came
    /// with one of them.
    @discardableResult
    package mutating func revoke(whatIsKnownTo key: [UInt8]) -> [[UInt8]] {
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
    package var room: Entry? { entries.first { $0.number == Self.roomNumber } }

    /// Retires what is used up or has expired, and forgets what nobody in the room came with. Returns the secrets that are
    /// no longer tried.
    package mutating func tidy(now: Duration, isPresent: ([UInt8]) -> Bool) -> [InviteSecret] {
        while let index = entries.firstIndex(where: { !mayJoin(with: $0.secret, now: now) }) {
            retire(at: index)
        }
        let tried = secretsInUse
        invites = invites.filter { isPresent($0.key) }
            .mapValues { known in known.filter { secret in tried.contains { $0 === secret } } }
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
