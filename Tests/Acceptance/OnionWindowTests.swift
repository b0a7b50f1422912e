import Foundation
import PrivateTorNetwork
import Testing

/// Two onion rooms in one program, in the private network.
@Suite(.enabled(if: PrivateTorNetwork.isAvailable && Terminal.tmux != nil, "needs tor, tor-gencert, setpriv and tmux"))
struct OnionWindowTests {
    /// The second room is dialed through the tor of the first, and on circuits that nothing else is on.
    @Test func circuitsOfTheirOwn() async throws {
        let network = try await PrivateTorNetwork.shared()
        let rooms = [
            try await HostedRoom.onion(network.host.controlFlags),
            try await HostedRoom.onion(network.host.controlFlags),
        ]
        let tor = try await network.startClient()
        let control = try tor.control()
        try control.command("SETEVENTS STREAM")
        let person = try await Terminal(
            ["join", rooms[0].invite, "--nick", "bob"] + tor.socksFlags, home: TestHome(), width: 100, height: 24)
        try await person.shows("/help lists the")
        try await person.type("/join \(rooms[1].invite)")
        try await rooms[1].host.event("member-joined")
        // The nick is not carried over.
        #expect(!rooms[1].host.eventsSoFar.contains { $0.nick == "bob" })
        var names: [Set<String>] = [[], []]
        while names.contains(where: \.isEmpty) {
            for event in try control.event("STREAM") where event.contains("SUCCEEDED") {
                for (index, room) in rooms.enumerated() where event.contains(room.address.prefix(56)) {
                    if let name = event.firstMatch(of: /SOCKS_USERNAME="([^"]+)"/)?.1 {
                        names[index].insert(String(name))
                    }
                }
            }
        }
        #expect(names[0].isDisjoint(with: names[1]))
        try await person.type("/quit")
        try await person.shows("status 0.")
        tor.terminate()
    }
}
