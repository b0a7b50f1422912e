import EventLoop
import Logging
import Sodium
import Testing

@testable import TorController

/// What a service asks of tor, and what happens when a tor does not have it.
struct TorAbilitiesTests {
    private static func options(_ tor: ScriptedTor, _ purpose: TorOptions.Purpose = .publish) -> TorOptions {
        TorOptions(control: tor.control, mode: .system, purpose: purpose)
    }

    private static let logger = Logger(label: "test")

    /// Refuses as tor's own parser does: it names the first argument that it does not know.
    private static func refusal(_ command: String, unknown: [String], id: String) -> String? {
        guard command.hasPrefix("ADD_ONION ") else { return nil }
        for word in command.split(separator: " ") {
            let name = word.prefix { $0 != "=" }
            if unknown.contains(String(name)) {
                return "512 Bad arguments to ADD_ONION: Unrecognized keyword argument \"\(name)\""
            }
        }
        return "250-ServiceID=\(id)\r\n250 OK"
    }

    private static let publicKey = X25519.PrivateKey().publicKey

    /// Publishes at a tor that does not know some arguments. Returns what the publication told, and what tor was asked.
    private func publish(
        unknown: [String], clients: Set<X25519.PublicKey>? = nil, isUnderAttack: Bool = false,
        until isDone: @escaping (ScriptedTor) -> Bool,
        onEvent: @escaping (OnionEvent, ScriptedTor) -> Void = { _, _ in }
    ) throws -> (events: [OnionEvent], added: [String]) {
        var events: [OnionEvent] = []
        var added: [String] = []
        try runLoop { loop, finish in
            let key = OnionKey()
            let id = key.address.serviceID
            var tor: ScriptedTor?
            var controller: TorController?
            let look = {
                guard let scripted = tor, isDone(scripted), let ending = controller else { return }
                controller = nil
                loop.atEndOfTurn {
                    added = scripted.commands("ADD_ONION")
                    ending.shutdown(completion: finish)
                }
            }
            let scripted = try ScriptedTor(loop: loop) { command in
                loop.atEndOfTurn(look)
                return Self.refusal(command, unknown: unknown, id: id)
            }
            tor = scripted
            let started = TorController(loop: loop, options: Self.options(scripted), logger: Self.logger)
            controller = started
            started.start { _ in }
            started.publish(
                key: key, virtualPort: 1, target: .tcp(port: 1), options: .init(clients: clients)
            ) { event in
                events.append(event)
                onEvent(event, scripted)
                loop.atEndOfTurn(look)
            }.isUnderAttack = { isUnderAttack }
        }
        return (events, added)
    }

    private static let defence = "PoWDefensesEnabled=1 PoWQueueRate=50 PoWQueueBurst=256"

    @Test func asksForAllThatThereIs() throws {
        let (events, added) = try publish(
            unknown: [], clients: [Self.publicKey], until: { $0.commands("ADD_ONION").count == 1 })
        #expect(events == [.adding])
        #expect(added.count == 1)
        #expect(
            added.first?.contains(
                " Flags=DiscardPK,MaxStreamsCloseCircuit,V3Auth MaxStreams=2 "
                    + "ClientAuthV3=\(Base32.encode(Self.publicKey.bytes)) \(Self.defence) Port=1,127.0.0.1:1") == true)
    }

    @Test("A service that is added while the room is flooded takes less, so that tor asks for more work")
    func asksForMoreUnderAttack() throws {
        let (_, added) = try publish(
            unknown: [], isUnderAttack: true, until: { $0.commands("ADD_ONION").count == 1 })
        #expect(added.first?.contains(" PoWDefensesEnabled=1 PoWQueueRate=10 PoWQueueBurst=64 ") == true)
    }

    @Test("A tor without proof of work publishes without it, and that is told once")
    func lacksProofOfWork() throws {
        var hasHungUp = false
        let (events, added) = try publish(
            unknown: ["PoWDefensesEnabled"], until: { $0.commands("ADD_ONION").count == 4 },
            onEvent: { event, tor in
                guard event == .withoutProofOfWork, !hasHungUp else { return }
                hasHungUp = true
                tor.hangUp()
            })
        // The tor that answers after a loss may be another one, so it is asked again.
        #expect(added.map { $0.contains(Self.defence) } == [true, false, true, false])
        #expect(added.allSatisfy { $0.contains("Flags=DiscardPK,MaxStreamsCloseCircuit MaxStreams=2") })
        #expect(events == [.adding, .withoutProofOfWork, .lost, .adding])
    }

    @Test("A room that asks for keys is not published by a tor without client authorization")
    func lacksClientAuthorization() throws {
        var isRefused = false
        let (events, added) = try publish(
            unknown: ["PoWDefensesEnabled", "ClientAuthV3"], clients: [Self.publicKey], until: { _ in isRefused },
            onEvent: { event, _ in if case .failed = event { isRefused = true } })
        #expect(events == [.adding, .failed(.clientAuthorizationUnsupported)])
        // Never without the keys: then everybody could resolve the room.
        #expect(added.count == 2 && added.allSatisfy { $0.contains("V3Auth") })
    }

    @Test func otherRefusalsAreNoMissingAbility() throws {
        var isRefused = false
        let (events, _) = try publish(
            unknown: ["Port"], until: { _ in isRefused },
            onEvent: { event, _ in if case .failed = event { isRefused = true } })
        let text = "Bad arguments to ADD_ONION: Unrecognized keyword argument \"Port\""
        #expect(events == [.adding, .failed(.publishFailed(.refused(status: 512, text: text)))])
    }

    @Test(
        "A room that was published comes back after a refusal, and after one at a new connection",
        arguments: [true, false])
    func comesBackAfterARefusal(isReconnected: Bool) throws {
        var events: [OnionEvent] = []
        try runLoop { loop, finish in
            let key = OnionKey()
            let id = key.address.serviceID
            var refusals = 0
            var hasAdded: () -> Void = {}
            let tor = try ScriptedTor(loop: loop) { command in
                guard command.hasPrefix("ADD_ONION") else { return nil }
                guard refusals > 0 else {
                    loop.atEndOfTurn { hasAdded() }
                    return "250-ServiceID=\(id)\r\n250 OK"
                }
                refusals -= 1
                return "551 Failed to generate a service"
            }
            hasAdded = {
                for descriptor in ["a", "b"] {
                    tor.tell("HS_DESC UPLOAD \(id) UNKNOWN $\(descriptor)~d \(descriptor)")
                }
            }
            let controller = TorController(loop: loop, options: Self.options(tor), logger: Self.logger)
            controller.start { _ in }
            controller.publish(
                key: key, virtualPort: 1, target: .tcp(port: 1), options: .init(hasProofOfWork: false)
            ) { event in
                events.append(event)
                switch event {
                case .failed: if isReconnected { tor.hangUp() }
                case .uploading(2):
                    tor.tell("HS_DESC UPLOADED \(id) UNKNOWN $a~d", "HS_DESC UPLOADED \(id) UNKNOWN $b~d")
                case .published:
                    refusals = 1
                    tor.hangUp()
                case .republished: controller.shutdown(completion: finish)
                default: break
                }
            }
        }
        let words = events.map { "\($0)".prefix { $0 != "(" } }.filter { $0 != "uploading" }
        #expect(
            words == ["adding", "withoutProofOfWork", "published", "lost", "adding", "failed"]
                + (isReconnected ? ["lost", "adding", "republished"] : ["republished"]))
    }

    @Test("An answer that is too long costs nothing but itself")
    func survivesALongAnswer() throws {
        var values: [String?] = []
        var connections = 0
        try runLoop { loop, finish in
            let line = String(repeating: "a", count: 1_000) + "\r\n"
            let tor = try ScriptedTor(loop: loop) { command in
                if command == "PROTOCOLINFO 1" { connections += 1 }
                guard command == "GETINFO circuit-status" else { return nil }
                return "250+circuit-status=\r\n" + String(repeating: line, count: 2_000) + ".\r\n250 OK"
            }
            let controller = TorController(loop: loop, options: Self.options(tor), logger: Self.logger)
            controller.start { event in
                guard case .ready = event else { return }
                controller.info("circuit-status") { values.append($0) }
                controller.info("status/bootstrap-phase") { value in
                    values.append(value)
                    #expect(tor.commands("GETINFO circuit-status").count == 1)
                    controller.shutdown(completion: finish)
                }
            }
        }
        #expect(values.count == 2 && values.first == .some(nil) && values.last??.contains("Done") == true)
        #expect(connections == 1)
    }

    @Test("Events are asked for one by one where they are refused together")
    func subscribesToWhatThereIs() throws {
        var asked: [String] = []
        try runLoop { loop, finish in
            var hasAsked: () -> Void = {}
            let tor = try ScriptedTor(loop: loop) { command in
                guard command.hasPrefix("SETEVENTS") else { return nil }
                loop.atEndOfTurn { hasAsked() }
                return command.contains("CIRC_BW") ? "510 Command filtered" : nil
            }
            let controller = TorController(loop: loop, options: Self.options(tor), logger: Self.logger)
            hasAsked = {
                asked = tor.commands("SETEVENTS")
                // All together, each of six alone, and those that are left.
                if asked.count == 8 { controller.shutdown(completion: finish) }
            }
            controller.start { _ in }
        }
        #expect(asked.first == "SETEVENTS HS_DESC STATUS_CLIENT NETWORK_LIVENESS CIRC CIRC_MINOR CIRC_BW")
        #expect(asked.contains("SETEVENTS CIRC_BW"))
        #expect(asked.last == "SETEVENTS HS_DESC STATUS_CLIENT NETWORK_LIVENESS CIRC CIRC_MINOR")
    }

    @Test(arguments: ["510 Unrecognized command \"ONION_CLIENT_AUTH_ADD\"", "512 Invalid argument", nil])
    func givesTorAKeyAndTakesItBack(refusal: String?) throws {
        var errors: [TorError?] = []
        var commands: [String] = []
        let address = OnionKey().address
        try runLoop { loop, finish in
            let tor = try ScriptedTor(loop: loop) { $0.hasPrefix("ONION_CLIENT_AUTH_ADD") ? refusal : nil }
            let controller = TorController(loop: loop, options: Self.options(tor, .dialWithKey), logger: Self.logger)
            controller.start { event in
                guard case .ready = event else { return }
                controller.authorize(X25519.PrivateKey(), for: address) { error in
                    errors.append(error)
                    controller.shutdown {
                        commands = tor.commands("ONION_CLIENT_AUTH")
                        finish()
                    }
                }
            }
        }
        #expect(errors == [refusal == nil ? nil : .clientAuthorizationUnsupported])
        #expect(commands.count == 2)
        #expect(commands.first?.hasPrefix("ONION_CLIENT_AUTH_ADD \(address.serviceID) x25519:") == true)
        #expect(commands.first?.hasSuffix("=") == true)
        #expect(commands.last == "ONION_CLIENT_AUTH_REMOVE \(address.serviceID)")
    }

    @Test("Keys that change together are changed together, and only when they change")
    func changesKeysOfAService() throws {
        let (first, second) = (X25519.PrivateKey().publicKey, X25519.PrivateKey().publicKey)
        var commands: [String] = []
        try runLoop { loop, finish in
            let key = OnionKey()
            let id = key.address.serviceID
            var isDone: () -> Void = {}
            let tor = try ScriptedTor(loop: loop) { command in
                loop.atEndOfTurn { isDone() }
                return Self.refusal(command, unknown: [], id: id)
            }
            let controller = TorController(loop: loop, options: Self.options(tor), logger: Self.logger)
            controller.start { _ in }
            let publication = controller.publish(
                key: key, virtualPort: 1, target: .tcp(port: 1), options: .init(clients: [first])
            ) { _ in }
            isDone = {
                switch tor.commands("ADD_ONION").count {
                case 1 where tor.commands("DEL_ONION").isEmpty:
                    publication.authorize([first])
                    publication.authorize([second])
                    publication.authorize([first, second])
                case 2:
                    commands = tor.commands.filter { $0.contains("_ONION") }
                    isDone = {}
                    controller.shutdown(completion: finish)
                default: break
                }
            }
        }
        #expect(commands.map { $0.prefix { $0 != " " } } == ["ADD_ONION", "DEL_ONION", "ADD_ONION"])
        for key in [first, second] {
            #expect(commands.last?.contains("ClientAuthV3=\(Base32.encode(key.bytes))") == true)
        }
        #expect(commands.first?.contains(Base32.encode(second.bytes)) == false)
    }

    @Test func encodesKeysAsTorReadsThem() {
        // Python: base64.b32encode(bytes(range(32))).decode().lower().rstrip("=")
        #expect(
            Base32.encode((0..<32).map { UInt8($0) }) == "aaaqeayeaudaocajbifqydiob4ibceqtcqkrmfyydenbwha5dypq")
        #expect(Base32.encode([]) == "")
        #expect(Base32.encode([0xff]) == "74")
    }
}
