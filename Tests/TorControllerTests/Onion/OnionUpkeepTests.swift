import EventLoop
import Sodium
import Testing

@testable import TorController

/// One service over a made-up day: what it asks of tor and what it tells.
private struct Day {
    static let publishTimeout = Duration.seconds(120)
    static let id = OnionKey().address.serviceID

    var upkeep: OnionUpkeep
    var now = MonotonicTime(nanoseconds: 1_000_000_000_000)
    /// What has been told, and `add`, `delete`, `close N`, in order.
    var log: [String] = []
    var added: [OnionServiceOptions] = []

    init(_ options: OnionServiceOptions = OnionServiceOptions(hasProofOfWork: false)) {
        upkeep = OnionUpkeep(serviceID: Self.id, options: options, publishTimeout: Self.publishTimeout)
    }

    mutating func take(_ outputs: [OnionUpkeep.Output]) {
        for output in outputs {
            switch output {
            case .add(let options):
                added.append(options)
                log.append("add")
            case .delete: log.append("delete")
            case .closeCircuit(let circuit): log.append("close \(circuit)")
            case .tell(let event): log.append("\(event)")
            }
        }
    }

    mutating func connect() {
        take(upkeep.controlIsUp(now: now))
        upkeep.torIsReady(now: now)
    }

    mutating func lose() { take(upkeep.controlWasLost()) }

    mutating func answer(_ reply: ControlReply?) {
        take(upkeep.answered(reply, now: now, random: 0))
    }

    mutating func accept() {
        answer(ControlReply(status: 250, lines: [.init("ServiceID=\(Self.id)"), .init("OK")]))
    }

    mutating func refuse(_ status: Int, _ text: String) {
        answer(ControlReply(status: status, lines: [.init(text)]))
    }

    mutating func descriptor(_ text: String) {
        let reply = ControlReply(status: 650, lines: [.init("HS_DESC \(text)")])
        guard case .descriptor(let event) = ControlEvent(reply) else { return #expect(Bool(false), "\(text)") }
        take(upkeep.received(event, now: now))
    }

    mutating func upload() {
        for descriptor in ["a", "b"] { self.descriptor("UPLOAD \(Self.id) UNKNOWN $\(descriptor)~d \(descriptor)") }
        for descriptor in ["a", "b"] { self.descriptor("UPLOADED \(Self.id) UNKNOWN $\(descriptor)~d") }
    }

    mutating func circuit(_ circuit: String, _ change: CircuitEvent.Change) {
        take(upkeep.received(CircuitEvent(circuit, change), now: now))
    }

    mutating func published() {
        connect()
        accept()
        upload()
        log = []
    }

    /// Lets time pass, deadline by deadline.
    mutating func pass(_ duration: Duration) {
        let end = now + duration
        while let deadline = upkeep.nextDeadline, deadline <= end {
            now = max(now, deadline)
            take(upkeep.timePassed(now: now, random: 0))
        }
        now = end
    }
}

@Suite struct OnionUpkeepTests {
    @Test func publishes() {
        var day = Day()
        day.connect()
        day.accept()
        day.upload()
        #expect(
            day.log == [
                "add", "adding", "withoutProofOfWork", "uploading(count: 1)", "uploading(count: 2)",
                "published(directories: 2)",
            ])
        #expect(day.upkeep.directoryCount == 2)
        day.pass(.seconds(86_400))
        #expect(day.log.count == 6 && day.upkeep.nextDeadline == nil)
    }

    @Test("Before there is a room, what tor refuses is refused for good", arguments: [550, 551, 510])
    func refusedAtFirst(status: Int) {
        var day = Day()
        day.connect()
        day.refuse(status, "no")
        #expect(
            day.log == ["add", "adding", "\(OnionEvent.failed(.publishFailed(.refused(status: status, text: "no"))))"])
        day.pass(.seconds(3_600))
        day.lose()
        day.connect()
        #expect(day.log.count == 3)
    }

    @Test("Once published, a service is added until it is there again", arguments: [550, 551, 512, 513, 510, 250])
    func refusedLater(status: Int) {
        var day = Day()
        day.published()
        day.lose()
        day.connect()
        // 250 is one without our address, or whose answer was too long.
        if status == 250 { day.answer(nil) } else { day.refuse(status, "Failed to add") }
        #expect(Array(day.log.prefix(3)) == ["lost", "add", "adding"] && day.log.count == 4)
        #expect(day.log.last?.hasPrefix("failed") == true)
        for _ in 0..<50 {
            day.log = []
            day.pass(.seconds(15))
            #expect(day.log == ["add"])
            day.refuse(status, "Failed to add")
        }
        day.log = []
        day.pass(.seconds(15))
        day.accept()
        day.upload()
        #expect(day.log == ["add", "uploading(count: 1)", "uploading(count: 2)", "republished"])
    }

    @Test("A refusal does not outlive its connection")
    func newConnection() {
        var day = Day()
        day.published()
        day.lose()
        day.connect()
        day.refuse(551, "no")
        day.lose()
        day.log = []
        day.pass(.seconds(60))
        #expect(day.log.isEmpty)
        day.connect()
        day.accept()
        day.upload()
        #expect(day.log == ["add", "adding", "uploading(count: 1)", "uploading(count: 2)", "republished"])
    }

    @Test("An address that an old connection still holds is a word only when it stays so")
    func collision() {
        var day = Day()
        day.published()
        day.lose()
        day.connect()
        day.log = []
        var tries = 0
        while day.log.allSatisfy({ $0 == "add" }), tries < 100 {
            tries += 1
            day.refuse(550, "Onion address collision")
            if day.log.allSatisfy({ $0 == "add" }) { day.pass(.seconds(15)) }
        }
        #expect(day.log.last == "\(OnionEvent.failed(.publishFailed(.collision)))")
        #expect(tries == OnionUpkeep.maximumCollisionCount + 1)
        day.log = []
        day.pass(.seconds(15))
        day.accept()
        day.upload()
        #expect(day.log.first == "add" && day.log.last == "republished")
    }

    @Test("A filter's refusal is told as one")
    func filtered() {
        var day = Day()
        day.connect()
        day.refuse(510, "Command filtered")
        #expect(day.log.last == "\(OnionEvent.failed(.filtered(command: "ADD_ONION")))")
    }

    @Test("What is removed asks for nothing more")
    func removed() {
        var day = Day()
        day.published()
        let ends = [day.upkeep.end(), day.upkeep.end()]
        #expect(ends == [true, false])
        day.lose()
        day.connect()
        #expect(day.log.isEmpty && day.upkeep.nextDeadline == nil)
        var refused = Day()
        refused.published()
        refused.lose()
        refused.connect()
        refused.refuse(551, "no")
        let isAtTor = refused.upkeep.end()
        #expect(!isAtTor)
    }

    @Test("The second descriptor is waited for, but not for ever")
    func oneDescriptor() {
        var day = Day()
        day.connect()
        day.accept()
        for descriptor in ["a", "b"] { day.descriptor("UPLOAD \(Day.id) UNKNOWN $\(descriptor)~d \(descriptor)") }
        day.descriptor("UPLOADED \(Day.id) UNKNOWN $a~d")
        day.log = []
        day.pass(OnionUpkeep.secondDescriptorTimeout - .seconds(1))
        #expect(day.log.isEmpty)
        day.pass(.seconds(1))
        #expect(day.log == ["published(directories: 1)"])
    }

    @Test("A filter takes the names of directories away: all uploads confirmed are enough")
    func redacted() {
        var day = Day()
        day.connect()
        day.accept()
        for _ in 0..<4 { day.descriptor("UPLOAD \(Day.id) UNKNOWN redacted redacted") }
        for _ in 0..<3 { day.descriptor("UPLOADED \(Day.id) UNKNOWN redacted") }
        #expect(day.log.last == "uploading(count: 4)")
        day.descriptor("UPLOADED \(Day.id) UNKNOWN redacted")
        #expect(day.log.last == "published(directories: 4)")
    }

    @Test("No upload in time is told, also with tor's reason, and does not end anything")
    func late() {
        var day = Day()
        day.connect()
        day.accept()
        day.descriptor("UPLOAD \(Day.id) UNKNOWN $a~d a")
        day.descriptor("FAILED \(Day.id) UNKNOWN $a~d a REASON=UPLOAD_REJECTED")
        day.pass(Day.publishTimeout)
        #expect(
            day.log.last == "\(OnionEvent.failed(.publishFailed(.notUploaded(reason: "UPLOAD_REJECTED"))))")
        day.upload()
        #expect(day.log.last?.hasPrefix("published") == true)
    }

    @Test("A tor that tells nothing of uploads is believed when it has introduction points, or tells nothing of these")
    func silent() {
        let introduction = CircuitEvent.Change.introduction(serviceID: Day.id)
        for (hearing, change, isPublished) in [
            (OnionUpkeep.Hearing.all, introduction, true), (.all, .closed, false), (.all, nil, true), ([], nil, true),
        ] {
            var day = Day()
            day.connect()
            day.upkeep.hears(hearing, now: day.now)
            day.accept()
            if let change { day.circuit("1", change) }
            day.pass(Day.publishTimeout)
            #expect(day.log.contains("published(directories: 0)") == isPublished)
            #expect(day.log.contains { $0.hasPrefix("failed") } != isPublished)
        }
    }

    @Test("A tor without proof of work is asked without, and told of once")
    func proofOfWork() {
        var day = Day(OnionServiceOptions())
        for _ in 0..<2 {
            day.connect()
            day.refuse(512, "Unrecognized keyword argument \"PoWDefensesEnabled\"")
            day.accept()
            day.lose()
        }
        #expect(day.added.map(\.hasProofOfWork) == [true, false, true, false])
        #expect(day.log.count { $0 == "withoutProofOfWork" } == 1)
    }

    @Test("Keys that change are changed together, a while after the last change, and told when they are everywhere")
    func keys() {
        var day = Day(OnionServiceOptions(clients: [], hasProofOfWork: false))
        day.published()
        let key = X25519.PrivateKey().publicKey
        day.upkeep.authorize([key], now: day.now)
        day.upkeep.authorize([], now: day.now)
        day.upkeep.authorize([key], now: day.now)
        day.pass(OnionUpkeep.changePause)
        #expect(day.log == ["delete", "add", "adding"])
        #expect(day.added.last?.clients == [key])
        day.accept()
        day.upload()
        #expect(day.log.last == "keysInForce" && !day.log.contains("republished"))
    }

    @Test("Keys that change while tor is being asked are not lost")
    func keysWhileAdding() {
        var day = Day(OnionServiceOptions(clients: [], hasProofOfWork: false))
        day.connect()
        let key = X25519.PrivateKey().publicKey
        day.upkeep.authorize([key], now: day.now)
        day.pass(OnionUpkeep.changePause)
        #expect(day.added.count == 1)
        day.accept()
        #expect(day.added.last?.clients == [key] && day.added.count == 2)
        day.accept()
        day.upload()
        #expect(day.log.last == "keysInForce")
    }

    @Test("A service without introduction points is made anew, quietly")
    func introductions() {
        var day = Day()
        day.published()
        for circuit in 0..<6 { day.circuit("\(circuit)", .introduction(serviceID: Day.id)) }
        day.circuit("3", .closed)
        day.pass(IntroductionWatch.patience - .seconds(1))
        #expect(day.log.isEmpty)
        day.pass(.seconds(1))
        #expect(day.log == ["delete", "add", "adding"])
        day.accept()
        day.upload()
        #expect(!day.log.contains("republished"))
    }

    @Test("Circuits of peers that are silent are closed and counted; those of other services are not")
    func silentPeers() {
        var day = Day()
        day.published()
        day.circuit("7", .rendezvous(serviceID: Day.id))
        day.circuit("8", .rendezvous(serviceID: Day.id))
        day.circuit("9", .rendezvous(serviceID: OnionKey().address.serviceID))
        for _ in 0..<30 {
            day.circuit("8", .heard)
            day.pass(.seconds(10))
        }
        #expect(day.log == ["close 7", "closedSilentCircuits(count: 1)"])
    }
}
