package import Sodium

/// What an onion service asks of tor besides its key, its port, and where its streams go.
package struct OnionServiceOptions: Equatable, Sendable {
    /// Streams that a peer may have on one circuit at a time; with one more, tor closes the circuit. A member needs one,
    /// because each attempt to connect has a circuit of its own; the other is for one whose end is still on its way.
    /// So whoever wants many connections pays for an introduction and a circuit for every two of them.
    static let streamsPerCircuit = 2
    /// Introductions that tor takes from its queue, a second in the long run: a rendezvous costs tor itself some
    /// milliseconds, so that this is a fraction of a core, and more than a room of ordinary size asks for when all
    /// come back together.
    static let introductionRate = 50
    /// Introductions taken at once: as many as the room keeps connections that are not members.
    static let introductionBurst = 256
    /// The same for a room that is flooded: what is taken costs it less, and tor, which raises the work that it asks for as long
    /// as more comes than is taken, asks for more.
    static let attackedRate = 10
    static let attackedBurst = 64

    /// The keys whose owners can resolve the service (rend-spec-v3, section 2.5.1, client authorization); nil for
    /// everybody.
    var clients: Set<X25519.PublicKey>?
    /// Whether whoever comes has to prove work when more come than tor takes (proposal 327); tor has it from 0.4.9 on.
    var hasProofOfWork: Bool

    /// Whether the room is flooded now.
    var isUnderAttack = false

    package init(clients: Set<X25519.PublicKey>? = nil, hasProofOfWork: Bool = true) {
        self.clients = clients
        self.hasProofOfWork = hasProofOfWork
    }

    /// The arguments of ADD_ONION, without the key and the port.
    var arguments: String {
        var flags = ["DiscardPK", "MaxStreamsCloseCircuit"]
        if clients != nil { flags.append("V3Auth") }
        var arguments = ["Flags=\(flags.joined(separator: ","))", "MaxStreams=\(Self.streamsPerCircuit)"]
        // In an order that says nothing of who came when.
        arguments += (clients ?? []).map { "ClientAuthV3=\(Base32.encode($0.bytes))" }.sorted()
        if hasProofOfWork {
            arguments += [
                "PoWDefensesEnabled=1",
                "PoWQueueRate=\(isUnderAttack ? Self.attackedRate : Self.introductionRate)",
                "PoWQueueBurst=\(isUnderAttack ? Self.attackedBurst : Self.introductionBurst)",
            ]
        }
        return arguments.joined(separator: " ")
    }
}
