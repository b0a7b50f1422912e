import PrivateTorNetwork
import Room
import Sodium
import Testing

@testable import TermTalk

/// Invites that name several onion addresses of a room.
@Suite(.enabled(if: PrivateTorNetwork.isAvailable, "needs tor, tor-gencert and setpriv"))
struct SeveralOnionsTests {
    /// An invite with further addresses.
    private static func invite(_ text: String, at addresses: [String]) throws -> String {
        let invite = try Invite(parsing: text)
        let places = try addresses.map { try RoomAddress($0) }
        return Invite(
            room: invite.room, address: places[0], alternatives: Array(places.dropFirst()), hostKey: invite.hostKey,
            creatorKey: invite.creatorKey, secret: invite.secret
        ).text
    }

    @Test("Of several onion services of an invite one that is there leads to the room")
    func severalOnions() async throws {
        let network = try await PrivateTorNetwork.shared()
        let hosted = try await HostedRoom.onion(network.host.controlFlags)
        let nowhere = "2gzyxa5ihm7nsggfxnu52rck2vv4rvmdlkiu3zzui5du4xyclen53wid.onion:12345"
        let invite = try Self.invite(hosted.invite, at: [nowhere, hosted.address])
        let member = try TermTalkProcess(["join", invite, "--json"] + network.client.socksFlags, home: TestHome())
        let joined = try await member.event("joined-room")
        #expect(joined.address == hosted.address && joined.trust == "invite")
        let none = try await TermTalkProcess.run(
            ["join", try Self.invite(hosted.invite, at: [nowhere, nowhere]), "--json"] + network.client.socksFlags,
            home: TestHome())
        #expect(none.status == 69)
    }
}
