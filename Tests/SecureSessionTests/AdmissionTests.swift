import CPace
import Sodium
import Testing

@testable import SecureSession

/// The door of a password room, over finished handshakes.
@Suite struct AdmissionTests {
    /// Cheap, so that tests need not wait.
    private static let cost = Argon2id.Cost(passes: 1, memory: 8 * 1_024)

    private static func password(_ text: String = "correct horse", room: String = SessionPair.room) throws
        -> RoomPassword
    {
        try RoomPassword(stretching: SecretBytes(copying: Array(text.utf8).span), room: room, cost: cost)
    }

    /// One connection: both sides of its handshake, and both sides of the door.
    private final class Door {
        let identity: RoomIdentity
        let memberKey: X25519.PublicKey
        let handshakeHash: [UInt8]
        let hostPassword: RoomPassword
        var host = HostAdmission()
        var member: MemberAdmission

        init(
            host hostText: String = "correct horse", member memberText: String = "correct horse", invited: Bool = false
        )
            throws
        {
            let invite = invited ? InviteSecret() : nil
            identity = SessionPair.identity(invites: invite.map { [$0] } ?? [])
            let credentials = SessionPair.credentials(
                hostKey: invited ? identity.publicKey : nil, invite: invite)
            var pair = try SessionPair(identity: identity, credentials: credentials)
            try pair.exchange()
            handshakeHash = pair.host.handshakeHash
            let hashOfMember = pair.joiner.handshakeHash
            #expect(handshakeHash.count == 64)
            #expect(handshakeHash == hashOfMember)
            memberKey = credentials.publicKey
            hostPassword = try AdmissionTests.password(hostText)
            member = try MemberAdmission(
                password: AdmissionTests.password(memberText), credentials: credentials, hostKey: identity.publicKey,
                handshakeHash: handshakeHash)
        }

        /// The host's answer to a message, or nil for a wrong password.
        func toHost(_ message: AdmissionMessage) throws(SessionError) -> AdmissionMessage? {
            switch message {
            case .share(let share):
                try host.received(
                    share: share, password: hostPassword, identity: identity, memberKey: memberKey,
                    handshakeHash: handshakeHash)
            case .tag(let tag): try host.received(tag: tag)
            case .answer, .confirmed: throw .malformed
            }
        }

        func toMember(_ message: AdmissionMessage) throws(SessionError) -> MemberAdmission.Step {
            try member.received(message)
        }
    }

    @Test(arguments: [false, true]) func theRightPasswordOpens(invited: Bool) throws {
        let door = try Door(invited: invited)
        let answer = try #require(try door.toHost(door.member.first))
        guard case .send(let tag) = try door.toMember(answer) else {
            Issue.record("the member did not send its tag")
            return
        }
        #expect(holds(!door.host.isOpen))
        let confirmation = try #require(try door.toHost(tag))
        #expect(holds(door.host.isOpen))
        let step = try door.toMember(confirmation)
        #expect(step == .admitted)
    }

    @Test func aWrongPasswordDoesNot() throws {
        let door = try Door(member: "correct horsf")
        let answer = try #require(try door.toHost(door.member.first))
        guard case .send(let tag) = try door.toMember(answer) else {
            Issue.record("the member did not send its tag")
            return
        }
        let confirmation = try door.toHost(tag)
        #expect(confirmation == nil)
        #expect(holds(!door.host.isOpen))
        // One connection, one guess.
        #expect(failure { _ = try door.toHost(tag) } == .malformed)
    }

    /// A host that lets everybody in, to hear what is said: it has nothing that would convince the member.
    @Test func aHostWithoutThePasswordIsNotBelieved() throws {
        let door = try Door(host: "anything")
        let answer = try #require(try door.toHost(door.member.first))
        _ = try door.toMember(answer)
        let tag = [UInt8](repeating: 0, count: CPaceSuite.tagByteCount)
        #expect(failure { _ = try door.toMember(.confirmed(tag)) } == .passwordNotConfirmed)
    }

    @Test func theMembersOwnTagDoesNotConfirm() throws {
        let door = try Door()
        let answer = try #require(try door.toHost(door.member.first))
        guard case .send(.tag(let tag)) = try door.toMember(answer) else {
            Issue.record("the member did not send its tag")
            return
        }
        #expect(failure { _ = try door.toMember(.confirmed(tag)) } == .passwordNotConfirmed)
    }

    /// Somebody has one handshake with each, as XX without a known key allows, and passes every message on.
    @Test func whoBridgesTwoHandshakesFails() throws {
        let left = try Door()
        let right = try Door()
        let answer = try #require(try right.toHost(left.member.first))
        guard case .send(let tag) = try left.toMember(answer) else {
            Issue.record("the member did not send its tag")
            return
        }
        let confirmation = try right.toHost(tag)
        #expect(confirmation == nil)
    }

    @Test func recordedMessagesAreWorthNothing() throws {
        let first = try Door()
        let share = first.member.first
        let answer = try #require(try first.toHost(share))
        guard case .send(let tag) = try first.toMember(answer) else {
            Issue.record("the member did not send its tag")
            return
        }
        let confirmation = try #require(try first.toHost(tag))
        let second = try Door()
        _ = try second.toHost(share)
        let again = try second.toHost(tag)
        #expect(again == nil)
        let third = try Door()
        _ = try third.toMember(answer)
        #expect(failure { _ = try third.toMember(confirmation) } == .passwordNotConfirmed)
    }

    @Test func anotherRoomHasAnotherSalt() throws {
        let door = try Door()
        let other = try Self.password(room: "another")
        let answer = try door.host.received(
            share: door.member.first.body, password: other, identity: door.identity, memberKey: door.memberKey,
            handshakeHash: door.handshakeHash)
        guard case .send(let tag) = try door.toMember(answer) else {
            Issue.record("the member did not send its tag")
            return
        }
        let confirmation = try door.toHost(tag)
        #expect(confirmation == nil)
    }

    @Test func whatIsOutOfPlaceIsMalformed() throws {
        let tag = AdmissionMessage.tag([UInt8](repeating: 1, count: 64))
        let early = try Door()
        #expect(failure { _ = try early.toHost(tag) } == .malformed)
        #expect(failure { _ = try early.toMember(.confirmed(tag.body)) } == .malformed)
        #expect(failure { _ = try early.toMember(early.member.first) } == .malformed)
        let twice = try Door()
        let answer = try #require(try twice.toHost(twice.member.first))
        #expect(failure { _ = try twice.toHost(twice.member.first) } == .malformed)
        _ = try twice.toMember(answer)
        #expect(failure { _ = try twice.toMember(answer) } == .malformed)
    }

    @Test func sharesThatAreNoneAreMalformed() throws {
        for bytes in [[UInt8](repeating: 0, count: 32), [UInt8](repeating: 0xff, count: 32)] {
            let door = try Door()
            #expect(failure { _ = try door.toHost(.share(bytes)) } == .malformed)
            #expect(failure { _ = try door.toMember(.answer(bytes)) } == .malformed)
        }
        // Our own, sent back.
        let mirrored = try Door()
        let own = mirrored.member.first.body
        #expect(failure { _ = try mirrored.toMember(.answer(own)) } == .malformed)
    }

    @Test func messagesHaveTheirTypesAndLengths() throws {
        let share = [UInt8](repeating: 7, count: 32)
        let tag = [UInt8](repeating: 7, count: 64)
        let messages: [(AdmissionMessage, UInt8)] = [
            (.share(share), 0x70), (.tag(tag), 0x71), (.answer(share), 0x78), (.confirmed(tag), 0x79),
        ]
        for (message, type) in messages {
            #expect(message.type == type)
            #expect(AdmissionMessage.isAdmission(type: type))
            #expect(try AdmissionMessage(type: type, body: message.body) == message)
            for body in [message.body + [0], Array(message.body.dropLast()), []] {
                #expect(throws: SessionError.malformed) { try AdmissionMessage(type: type, body: body) }
            }
        }
        for type: UInt8 in [0x72, 0x77, 0x7a, 0x7f] {
            #expect(throws: SessionError.malformed) { try AdmissionMessage(type: type, body: share) }
        }
        #expect(!AdmissionMessage.isAdmission(type: 0x6f))
    }

    private func failure(_ body: () throws -> Void) -> SessionError? {
        do {
            try body()
            return nil
        } catch {
            return error as? SessionError
        }
    }
}
