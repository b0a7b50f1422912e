import Sodium
import Testing

@testable import SecureSession

@Suite struct HandshakeTests {
    @Test(arguments: [1, 2, 7, Int.max], [false, true])
    func bothSidesLearnTheOthersKey(chunk: Int, invited: Bool) throws {
        let invite = InviteSecret()
        let identity = SessionPair.identity(invites: [InviteSecret(), invite])
        let credentials = SessionPair.credentials(
            hostKey: invited ? identity.publicKey : nil, invite: invited ? invite : nil)
        var pair = try SessionPair(identity: identity, credentials: credentials)
        try pair.exchange(chunk: chunk)
        #expect(pair.joinerEvents == [.established(peer: identity.publicKey, invited: invited)])
        #expect(pair.hostEvents == [.established(peer: credentials.staticKey.publicKey, invited: invited)])
    }

    @Test func sizesOnTheWire() throws {
        let invite = InviteSecret()
        let identity = SessionPair.identity(invites: [invite])
        var open = try SessionPair(identity: identity, credentials: SessionPair.credentials())
        #expect(open.toHost.count == 1 + 2 + 32)
        #expect(open.toHost[0] == 0x01)
        try open.deliverToHost(open.toHost)
        #expect(open.toJoiner.count == 2 + 96)
        open.toHost = []
        try open.deliverToJoiner(open.toJoiner)
        #expect(open.toHost.count == 2 + 64)

        var invited = try SessionPair(
            identity: identity, credentials: SessionPair.credentials(hostKey: identity.publicKey, invite: invite))
        #expect(invited.toHost.count == 1 + 2 + 64)
        #expect(invited.toHost[0] == 0x02)
        try invited.deliverToHost(invited.toHost)
        #expect(invited.toJoiner.count == 2 + 48)
    }

    @Test func anotherRoomIsToldFromSomethingElse() throws {
        let identity = SessionPair.identity(room: "another")
        var pair = try SessionPair(identity: identity, credentials: SessionPair.credentials())
        try pair.deliverToHost(pair.toHost)
        #expect(throws: SessionError.noSuchRoom) { try pair.deliverToJoiner(pair.toJoiner) }
    }

    @Test func anotherOnionAddressFails() throws {
        let identity = SessionPair.identity(onionKey: [UInt8](repeating: 1, count: 32))
        var pair = try SessionPair(
            identity: identity, credentials: SessionPair.credentials(onionKey: [UInt8](repeating: 2, count: 32)))
        try pair.deliverToHost(pair.toHost)
        #expect(throws: SessionError.noSuchRoom) { try pair.deliverToJoiner(pair.toJoiner) }
    }

    @Test func anotherKeyThanThePinnedOneIsRefusedBeforeTheJoinerShowsItsOwn() throws {
        let identity = SessionPair.identity()
        let wrong = X25519.PrivateKey().publicKey
        var pair = try SessionPair(identity: identity, credentials: SessionPair.credentials(hostKey: wrong))
        try pair.deliverToHost(pair.toHost)
        pair.toHost = []
        #expect(throws: SessionError.hostKeyMismatch(identity.publicKey.bytes)) {
            try pair.deliverToJoiner(pair.toJoiner)
        }
        #expect(pair.toHost.isEmpty)
    }

    @Test func withoutTheInvitesSecretTheHostIsSilent() throws {
        let identity = SessionPair.identity(invites: [InviteSecret()])
        var pair = try SessionPair(
            identity: identity,
            credentials: SessionPair.credentials(hostKey: identity.publicKey, invite: InviteSecret()))
        try pair.deliverToHost(pair.toHost)
        try pair.deliverToHost([UInt8](repeating: 7, count: 5_000))
        #expect(pair.toJoiner.isEmpty && pair.hostEvents.isEmpty)
        #expect(holds(!pair.host.isDead(now: SessionProtocol.responderDeadline - .milliseconds(1))))
        #expect(holds(pair.host.isDead(now: SessionProtocol.responderDeadline)))
    }

    @Test("The tag finds the invite among many, and only who has one is counted", arguments: [0, 15, 31])
    func inviteAmongMany(position: Int) throws {
        let invites = (0..<32).map { _ in InviteSecret() }
        let identity = SessionPair.identity(invites: invites)
        var admitted = 0
        identity.admitsInvited = {
            admitted += 1
            return true
        }
        for (invite, isKnown) in [(InviteSecret(), false), (invites[position], true)] {
            var pair = try SessionPair(
                identity: identity, credentials: SessionPair.credentials(hostKey: identity.publicKey, invite: invite))
            try pair.deliverToHost(pair.toHost)
            #expect(pair.toJoiner.isEmpty != isKnown && admitted == (isKnown ? 1 : 0))
            #expect((pair.host.invite === invite) == isKnown)
        }
    }

    @Test("A right tag before a wrong message is met with silence")
    func tagAlone() throws {
        let invite = InviteSecret()
        let identity = SessionPair.identity(invites: [invite])
        var pair = try SessionPair(
            identity: identity, credentials: SessionPair.credentials(hostKey: identity.publicKey, invite: invite))
        var first = pair.toHost
        first[first.count - 1] ^= 1
        try pair.deliverToHost(first)
        #expect(pair.toJoiner.isEmpty && holds(!pair.host.isInvited))
    }

    @Test("Where too many come with invites, the host ends the connection without a byte")
    func busy() throws {
        let invite = InviteSecret()
        let identity = SessionPair.identity(invites: [invite])
        identity.admitsInvited = { false }
        var pair = try SessionPair(
            identity: identity, credentials: SessionPair.credentials(hostKey: identity.publicKey, invite: invite))
        #expect(throws: SessionError.busy) { try pair.deliverToHost(pair.toHost) }
        #expect(pair.toJoiner.isEmpty)
    }

    @Test func aRoomForInvitedOnlyIsSilentTowardOthers() throws {
        let identity = SessionPair.identity(invites: [InviteSecret()], acceptsOpen: false)
        for first in [UInt8(0x01), 0x03, 0x47, 0xff] {
            var pair = try SessionPair(identity: identity, credentials: SessionPair.credentials())
            try pair.deliverToHost([first] + [UInt8](repeating: 0, count: 100))
            #expect(pair.toJoiner.isEmpty)
        }
    }

    @Test func aHostOfAnotherVersionSaysSo() throws {
        let identity = SessionPair.identity()
        var pair = try SessionPair(identity: identity, credentials: SessionPair.credentials())
        try pair.deliverToHost([0x7f] + [UInt8](repeating: 9, count: 300))
        #expect(pair.toJoiner == [0, 1, SessionProtocol.version])

        #expect(throws: SessionError.versionMismatch(2)) { try pair.deliverToJoiner([0, 1, 2]) }
    }

    @Test(arguments: [
        Array("SSH-2.0-OpenSSH_9.2\r\n".utf8), Array("HTTP/1.1 400 Bad Request\r\n\r\n".utf8),
        [0x15, 3, 1, 0, 2, 2, 22], [0, 0], [0, 1, 1], [0xff, 0xff, 0],
    ])
    func somethingElseIsNotTermTalk(answer: [UInt8]) throws {
        let identity = SessionPair.identity()
        var pair = try SessionPair(identity: identity, credentials: SessionPair.credentials())
        #expect(throws: SessionError.notTermTalk) { try pair.deliverToJoiner(answer) }
    }

    @Test func anEchoIsNotTermTalk() throws {
        let identity = SessionPair.identity()
        var pair = try SessionPair(identity: identity, credentials: SessionPair.credentials())
        #expect(throws: SessionError.notTermTalk) { try pair.deliverToJoiner(pair.toHost) }
    }

    /// Every bit of every handshake message, for both patterns: never a trap, never an open link on both sides.
    @Test(arguments: [false, true])
    func everyFlippedBitEndsTheHandshake(invited: Bool) throws {
        let invite = InviteSecret()
        let identity = SessionPair.identity(invites: [invite])
        let lengths = invited ? [67, 50, 66] : [35, 98, 66]
        for (message, length) in lengths.enumerated() {
            for position in 0..<length {
                let credentials = SessionPair.credentials(
                    hostKey: invited ? identity.publicKey : nil, invite: invited ? invite : nil)
                var pair = try SessionPair(identity: identity, credentials: credentials)
                do throws(SessionError) {
                    for step in 0..<3 {
                        var bytes = step == 1 ? pair.toJoiner : pair.toHost
                        pair.toHost = []
                        pair.toJoiner = []
                        guard step != message || position < bytes.count else { break }
                        if step == message { bytes[position] ^= 1 << UInt8(position % 8) }
                        if step == 1 { try pair.deliverToJoiner(bytes) } else { try pair.deliverToHost(bytes) }
                    }
                    let bothOpen = pair.joiner.isOpen && pair.host.isOpen
                    #expect(!bothOpen, "message \(message), position \(position)")
                } catch {
                    #expect(holds(!(pair.joiner.isOpen && pair.host.isOpen)))
                }
            }
        }
    }

    @Test func aReplayedFirstMessageLeadsNowhere() throws {
        let invite = InviteSecret()
        let identity = SessionPair.identity(invites: [invite])
        var first = try SessionPair(
            identity: identity, credentials: SessionPair.credentials(hostKey: identity.publicKey, invite: invite))
        let recorded = first.toHost
        try first.exchange()
        #expect(holds(first.host.isOpen))

        var replay = try SessionPair(
            identity: identity, credentials: SessionPair.credentials(hostKey: identity.publicKey, invite: invite))
        try replay.deliverToHost(recorded)
        #expect(throws: SessionError.handshakeFailed) {
            try replay.deliverToHost([0, 64] + [UInt8](repeating: 3, count: 64))
        }
        #expect(replay.hostEvents.isEmpty)
    }

    @Test func deadlines() throws {
        let pair = try SessionPair(identity: SessionPair.identity(), credentials: SessionPair.credentials())
        #expect(holds(pair.host.nextDeadline == SessionProtocol.responderDeadline))
        #expect(holds(pair.joiner.nextDeadline == SessionProtocol.initiatorDeadline))
        #expect(holds(!pair.joiner.isDead(now: SessionProtocol.initiatorDeadline - .nanoseconds(1))))
        #expect(holds(pair.joiner.isDead(now: SessionProtocol.initiatorDeadline)))
    }

    @Test func randomBytesNeverTrap() throws {
        let identity = SessionPair.identity(invites: [InviteSecret()])
        for round in 0..<2_000 {
            var pair = try SessionPair(identity: identity, credentials: SessionPair.credentials())
            let bytes = Random.bytes(Int.random(in: 1...400))
            do throws(SessionError) {
                try pair.deliverToHost(round % 2 == 0 ? bytes : [UInt8(1 + round % 4)] + bytes)
            } catch {
                #expect(error == .malformed || error == .handshakeFailed)
            }
            #expect(holds(!pair.host.isOpen))
        }
    }
}
