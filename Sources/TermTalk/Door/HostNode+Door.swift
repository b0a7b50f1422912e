package import EventLoop
internal import Room
internal import SecureSession

// Who may come near the room: limits before any work is done, and what the person hears of those that were refused.

extension HostNode {
    /// Takes a new peer. When there are too many that are not members, the one that has come least far is closed for it.
    ///
    /// - Parameter network: where it comes from, in a direct room.
    package func accept(_ stream: any ByteStream, from network: PeerNetwork? = nil) {
        guard closing == nil || !connections.isEmpty else {
            stream.close()
            return
        }
        if let network {
            let members = members(from: network)
            guard addresses.admits(network, isMemberAway: members.contains { $0.stream == nil }, now: loop.time) else {
                stream.close()
                return refused(.address)
            }
            makePlace(for: network, members: members.count)
        }
        let pending = connections.pending
        if pending.count >= gate.limits.pending, let least = pending.min(by: { $0.progress < $1.progress }) {
            drop(least)
            refused(.place)
        }
        let connection = HostConnection(
            link: connections.freeLink(), stream: stream,
            session: SecureSession(responder: identity, now: loop.time), node: self)
        connection.network = network
        connections.add(connection)
        scheduleSessionSweep(at: connection.session.nextDeadline)
    }

    private func members(from network: PeerNetwork) -> [HostConnection] {
        connections.members.filter { $0.network == network }
    }

    /// Of those from one address, too, the one that has come least far gives way, and of these the oldest.
    private func makePlace(for network: PeerNetwork, members: Int) {
        let pending = connections.pending.filter { $0.network == network }
        guard pending.count >= addresses.placesAtDoor(members: members),
            let least = pending.min(by: { $0.progress < $1.progress })
        else { return }
        drop(least)
        refused(.address)
    }

    /// Whether somebody who is not in the room yet may join from the connection's address; if so, it counts as one of those
    /// from there.
    func mayJoinFromItsAddress(_ connection: HostConnection) -> Bool {
        guard let network = connection.network, let key = connection.peerKey, !room.holds(key: key) else { return true }
        let joining = connections.pending.count { $0.network == network && $0.isJoining && $0 !== connection }
        connection.isJoining = addresses.mayJoin(members: members(from: network).count + joining)
        return connection.isJoining
    }

    /// Whether a handshake without an invite may be answered.
    func admitsOpen() -> Bool {
        if gate.admitsOpen(now: loop.time) { return true }
        refused(.openHandshake)
        return false
    }

    /// Whether a handshake with an invite may be answered.
    func admitsInvited() -> Bool {
        if gate.admitsInvited(now: loop.time) { return true }
        refused(.invitedHandshake)
        return false
    }

    /// So many circuits of tor were closed, because their peers were silent, or had been refused.
    package func closedCircuits(_ count: Int) {
        for _ in 0..<count { refused(.circuit) }
    }

    /// Counts a refusal, and tells the person when there are many.
    func refused(_ cause: AttackWatch.Cause) {
        report(attacks.refused(cause, now: loop.time))
        if let deadline = attacks.nextDeadline { scheduleSweep(at: deadline) }
    }

    func report(_ report: AttackWatch.Report?) {
        switch report {
        case .underAttack(let tally): tell(.warning(.underAttack(tally)))
        case .over(let tally): tell(.warning(.attackOver(tally)))
        case nil: break
        }
    }
}
