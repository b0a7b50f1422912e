import Chat
import Room
import SecureSession
import Sodium
import Testing
import TorController
import Transport

@testable import TermTalk

struct InviteTests {
    private static let secret = makeSecret()

    private static func makeSecret() -> InviteSecret {
        let bytes = (0..<16).map { UInt8($0) }
        return InviteSecret(SecretBytes(copying: bytes.span))
    }

    private static func invite(_ address: RoomAddress, isAuthorized: Bool) throws -> Invite {
        SodiumLibrary.initialize()
        return Invite(
            room: try RoomName(checking: "room"), address: address, hostKey: X25519.PrivateKey().publicKey,
            creatorKey: nil, secret: secret, isAuthorized: isAuthorized)
    }

    private static var onion: RoomAddress { .onion(OnionKey().address, port: 12_345) }

    /// The code with which an invite is refused; nil when it is not.
    private static func code(_ text: String) -> NoticeCode? {
        let result = Result { () throws(ChatEvent.Notice) in try Invite(parsing: text).text }
        return switch result {
        case .success: nil
        case .failure(let notice): notice.code
        }
    }

    /// What the host's tor is given for whoever holds the secret.
    private static func onionClient(_ secret: InviteSecret) -> String {
        [secret].onionClients.first?.text ?? ""
    }

    /// The text with another version byte: the first six bits and the last two of the next character.
    private static func withVersion(_ version: UInt8, _ text: String) throws -> String {
        let start = try #require(text.firstRange(of: "k=")).upperBound
        var key = try #require(Base64URL.decode(text[start...]))
        key[0] = version
        return text[..<start] + Base64URL.encode(key)
    }

    @Test func tellsWhetherTorNeedsAKey() throws {
        for isAuthorized in [false, true] {
            let invite = try Self.invite(Self.onion, isAuthorized: isAuthorized)
            let read = try Invite(parsing: invite.text)
            #expect(read.isAuthorized == isAuthorized)
            #expect(read.text == invite.text)
            #expect(Self.onionClient(read.secret) == Self.onionClient(Self.secret))
        }
    }

    @Test("The key for tor follows from the secret, and from nothing else")
    func derivesTheKey() {
        // Python: hashlib.blake2b(b"TermTalk onion client 1" + psk).digest()[:32], where psk is the same of
        // b"TermTalk invite psk 1" and bytes(range(16)), and the ladder of RFC 7748 over it.
        #expect(
            Self.onionClient(Self.secret)
                == "29f0eceb572bd1561731eaafec0b8eb676bf1417cf6c12b83bbcd7f8925e4052")
        #expect([Self.secret, InviteSecret()].onionClients.count == 2)
    }

    @Test func whetherItNeedsAKeyIsPartOfTheCheck() throws {
        let plain = try Self.invite(Self.onion, isAuthorized: false).text
        let authorized = try Self.invite(Self.onion, isAuthorized: true).text
        #expect(Self.code(try Self.withVersion(3, plain)) == .inviteInvalid)
        #expect(Self.code(try Self.withVersion(2, authorized)) == .inviteInvalid)
        // What a build says that knows neither.
        #expect(Self.code(try Self.withVersion(5, authorized)) == .versionMismatch)
    }

    @Test func aDirectRoomNeedsNoKeyForTor() throws {
        let direct = try RoomAddress(direct: "192.0.2.1:1")
        #expect(Self.code(try Self.invite(direct, isAuthorized: false).text) == nil)
        #expect(Self.code(try Self.invite(direct, isAuthorized: true).text) == .inviteInvalid)
    }

    private static func direct(_ places: [String]) throws -> Invite {
        SodiumLibrary.initialize()
        let places = try places.map { try HostPort(parsing: $0) }
        return Invite(
            room: try RoomName(checking: "room"), address: .direct(places[0]),
            alternatives: places.dropFirst().map { .direct($0) },
            hostKey: X25519.PrivateKey().publicKey, creatorKey: nil, secret: secret)
    }

    @Test func fourAddressesAndNotFive() throws {
        let places = ["192.0.2.1:1", "[2001:db8::1]:2", "name.example:3", "[fe80::1%eth0]:4"]
        let read = try Invite(parsing: try Self.direct(places).text)
        #expect([read.address.text] + read.alternatives.map(\.text) == places)
        #expect(Self.code(try Self.direct(places + ["192.0.2.5:5"]).text) == .inviteInvalid)
    }

    @Test func addressesArePartOfTheCheck() throws {
        let text = try Self.direct(["192.0.2.1:1", "192.0.2.2:2"]).text
        for changed in ["192.0.2.1:1", "192.0.2.2:2,192.0.2.1:1", "192.0.2.1:1,192.0.2.2:2,192.0.2.3:3"] {
            #expect(Self.code(text.replacing("192.0.2.1:1,192.0.2.2:2", with: changed)) == .inviteInvalid)
        }
        #expect(Self.code(text.replacing(",", with: ",,")) != nil)
    }

    private static func several(_ addresses: [RoomAddress]) throws -> String {
        SodiumLibrary.initialize()
        return Invite(
            room: try RoomName(checking: "room"), address: addresses[0], alternatives: Array(addresses.dropFirst()),
            hostKey: X25519.PrivateKey().publicKey, creatorKey: nil, secret: secret
        ).text
    }

    @Test func fourOnionServicesAndNotFive() throws {
        let onions = (0..<5).map { _ in RoomAddress.onion(OnionKey().address, port: 12_345) }
        let read = try Invite(parsing: try Self.several(Array(onions.prefix(4))))
        #expect([read.address] + read.alternatives == Array(onions.prefix(4)))
        #expect(Self.code(try Self.several(onions)) == .inviteInvalid)
    }

    @Test("An onion service and an address without tor are never in one invite, in whatever order")
    func neverBothKinds() throws {
        let onions = (0..<2).map { _ in RoomAddress.onion(OnionKey().address, port: 12_345) }
        let direct = try RoomAddress(direct: "192.0.2.1:1")
        for addresses in [[onions[0], direct], [direct, onions[0]], [onions[0], onions[1], direct]] {
            #expect(Self.code(try Self.several(addresses)) == .inviteInvalid)
        }
    }
}
