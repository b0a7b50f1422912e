import Chat
import EventLoop
import Room
import SecureSession
import TestSupport
import Testing

@testable import TermTalk

/// The door of a room under attack: who is refused, who is not, and what the host hears of it.
@Suite struct DoorNodeTests {
    private static func network(_ number: Int) -> PeerNetwork? { PeerNetwork(.ip("192.0.2.\(number)", port: 1)) }

    /// Connections that say `bytes` and nothing more; keeps their other ends.
    private static func knock(
        _ world: NodeWorld, _ count: Int, from network: PeerNetwork? = nil, saying bytes: [UInt8] = []
    ) -> [MemoryStream] {
        (0..<count).map { _ in
            let (peer, host) = MemoryStream.makePair(loop: world.loop)
            world.host.accept(host, from: network)
            if !bytes.isEmpty { peer.write(bytes.span) }
            return peer
        }
    }

    private static func attacks(_ world: NodeWorld) -> [ChatEvent.Notice] {
        world.hostEvents.compactMap {
            if case .warning(let notice) = $0, notice.code == .underAttack { notice } else { nil }
        }
    }

    @Test("A flood from a member's own address: the member comes back, strangers there do not come in")
    func floodFromANeighbour() throws {
        // Few, so that no new one is due before the test is over.
        var limits = AddressGate.Limits()
        limits.arrivalsPerMinute = 1
        try NodeWorld.run(addressLimits: limits) { world in
            let alice = world.add(nick: "alice")
            alice.network = Self.network(1)
            world.whenAllAreIn(2) {
                let kept = Self.knock(world, 100, from: Self.network(1))
                world.when({ !Self.attacks(world).isEmpty }) {
                    #expect(Self.attacks(world).first?.message.contains("connections from a busy address") == true)
                    #expect(Self.attacks(world).first?.count == AttackWatch.Limits().threshold)
                    alice.breakConnection()
                    world.sayAsHost("still there?")
                    world.when({ alice.texts == ["still there?"] }) {
                        let stranger = world.add(nick: "stranger")
                        stranger.network = Self.network(1)
                        let elsewhere = world.add(nick: "elsewhere")
                        elsewhere.network = Self.network(2)
                        world.when({ stranger.ending != nil && elsewhere.id != nil }) {
                            #expect(stranger.id == nil)
                            _ = kept
                            world.finish()
                        }
                    }
                }
            }
        }
    }

    @Test("Five from one address come in, and the sixth is told why not")
    func sixFromOneAddress() throws {
        try NodeWorld.run { world in
            for number in 1...5 { world.add(nick: "n\(number)").network = Self.network(1) }
            world.whenAllAreIn(6) {
                let sixth = world.add(nick: "sixth")
                sixth.network = Self.network(1)
                world.when({ sixth.ending != nil }) {
                    #expect(sixth.ending?.notice?.code == .rateLimited)
                    #expect(world.host.memberCount == 6)
                    let local = world.add(nick: "local")
                    world.when({ local.id != nil }) { world.finish() }
                }
            }
        }
    }

    @Test("Handshakes past the allowance are counted by cause, and told once")
    func floodOfHandshakes() throws {
        try NodeWorld.run(isInvited: false) { world in
            let open = [SessionProtocol.openPattern, 0, 32] + [UInt8](repeating: 9, count: 32)
            let burst = Int(ConnectionGate.Limits().openBurst)
            let kept = Self.knock(world, burst + AttackWatch.Limits().threshold + 30, saying: open)
            world.when({ !Self.attacks(world).isEmpty }) {
                #expect(Self.attacks(world).first?.message.contains("handshakes without an invite") == true)
                world.loop.atEndOfTurn {
                    #expect(Self.attacks(world).count == 1)
                    _ = kept
                    world.finish()
                }
            }
        }
    }

    @Test("Strangers that look invited take nothing from who is, however many invites there are")
    func strangersWithoutTag() throws {
        try NodeWorld.run { world in
            world.useInvites(InviteTable.maximum)
            let stranger = [SessionProtocol.invitePattern, 0, 64] + [UInt8](repeating: 9, count: 64)
            let burst = Int(ConnectionGate.Limits().inviteBurst)
            var kept: [MemoryStream] = []
            for _ in 0..<(2 * burst / 100) { kept += Self.knock(world, 100, saying: stranger) }
            let alice = world.add(nick: "alice")
            world.when({ alice.id != nil || alice.ending != nil }) {
                #expect(alice.id != nil, "\(String(describing: alice.ending))")
                _ = kept
                world.finish()
            }
        }
    }

    @Test("Who has an invite and comes while too many do comes in a moment later")
    func busy() throws {
        try NodeWorld.run { world in
            while world.host.door.answersInvited(now: world.loop.time) {}
            let alice = world.add(nick: "alice")
            world.when({ alice.id != nil || alice.ending != nil }) {
                #expect(alice.id != nil, "\(String(describing: alice.ending))")
                let causes = alice.events.compactMap { event -> String? in
                    if case .connection(let connection) = event { connection.cause } else { nil }
                }
                #expect(causes.allSatisfy { $0 == "host-busy" })
                world.finish()
            }
        }
    }

    @Test("Past the places at the door somebody gives way, and that is counted")
    func placesAtTheDoor() throws {
        try NodeWorld.run { world in
            let limit = ConnectionGate.Limits().pending
            let kept = Self.knock(world, limit)
            #expect(Self.attacks(world).isEmpty)
            let more = Self.knock(world, AttackWatch.Limits().threshold)
            #expect(world.host.connections.all.count == limit)
            #expect(Self.attacks(world).first?.message.contains("20 connections that gave way") == true)
            _ = kept + more
            world.loop.atEndOfTurn { world.finish() }
        }
    }
}
