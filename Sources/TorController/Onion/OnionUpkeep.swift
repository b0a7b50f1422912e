import EventLoop
import Sodium

/// Keeps one onion service published, as a value: what to ask of tor and what to tell, from what tor says and from the time.
///
/// Until the service has been published once, what tor refuses is refused for good: the person hears why there is no room.
/// From then on each refusal is for now, because people have the address: the service is added again after a pause, and at
/// each new control connection.
struct OnionUpkeep {
    /// What the owner carries out, in order.
    enum Output: Equatable {
        /// Send ADD_ONION; the answer goes to ``OnionUpkeep/answered(_:now:random:)``.
        case add(OnionServiceOptions)
        case delete
        case closeCircuit(String)
        case tell(OnionEvent)
    }

    /// What tor tells of.
    struct Hearing: OptionSet {
        let rawValue: Int
        /// HS_DESC
        static let descriptors = Hearing(rawValue: 1)
        /// CIRC_BW
        static let bandwidth = Hearing(rawValue: 2)
        static let all: Hearing = [.descriptors, .bandwidth]

        init(rawValue: Int) {
            self.rawValue = rawValue
        }

        /// Of events by their names.
        init(_ events: Set<String>) {
            self = []
            if events.contains("HS_DESC") { insert(.descriptors) }
            if events.contains("CIRC_BW") { insert(.bandwidth) }
        }
    }

    /// How long the second of the two descriptors may take after the first: a service without it is reachable for those
    /// clients only that ask for the first.
    static let secondDescriptorTimeout = Duration.seconds(10)
    /// Tries of ADD_ONION while an earlier control connection still holds the address: tor frees it as soon as it notices
    /// that the connection is gone.
    static let maximumCollisionCount = 6
    /// How long a service stays as it is before it is published with other keys: sooner, nobody could have reached it.
    static let changePause = Duration.seconds(15)
    /// How long a descriptor takes to be where clients look for it, when tor does not tell: some 10 s usually.
    static let unheardUpload = Duration.seconds(30)

    private enum Phase {
        /// No control connection.
        case waiting
        /// tor refused the service for now; it is asked again then.
        case refused(retryAt: MonotonicTime)
        /// ADD_ONION is on its way; `isOutdated` when the keys are others by now.
        case adding(since: MonotonicTime, isOutdated: Bool)
        case added(Added)
        /// Refused for good, or removed.
        case ended
    }

    private struct Added {
        enum Stage {
            /// `deadline` is nil while tor has no network yet.
            case uploading(deadline: MonotonicTime?)
            /// A directory has one descriptor; the other is waited for until then.
            case secondDescriptor(until: MonotonicTime)
            case announced
        }

        let since: MonotonicTime
        var stage: Stage
        var uploads = DescriptorUploads()
        var failureReason: String?

        var deadline: MonotonicTime? {
            switch stage {
            case .uploading(let deadline): deadline
            case .secondDescriptor(let until): until
            case .announced: nil
            }
        }
    }

    /// What to tell when directories have the service.
    private enum Announcement {
        case published
        case republished
        /// Nothing: it was made anew only because its introduction points were gone, or for other keys.
        case none
    }

    /// A change of the keys.
    private enum KeyChange {
        case none
        /// To be made then, together with others.
        case due(MonotonicTime)
        /// tor has the keys or is getting them, but not all directories do; those are waited for until then.
        case uploading(until: MonotonicTime?)
    }

    private let serviceID: String
    private let publishTimeout: Duration
    private var options: OnionServiceOptions
    private var phase = Phase.waiting
    private var announcement = Announcement.published
    private var keyChange = KeyChange.none
    private var refusals = Backoff()
    private var introductions = IntroductionWatch()
    private var rendezvous = RendezvousWatch()
    private var isTorReady = false
    private var hearing = Hearing.all
    /// Since the connection is there.
    private var hasHeardOfCircuits = false
    private var proofOfWork: ProofOfWork
    private var hasToldOfProofOfWork = false

    private enum ProofOfWork {
        case wanted
        /// This tor has none.
        case missing
        case unwanted
    }

    init(serviceID: String, options: OnionServiceOptions, publishTimeout: Duration) {
        self.serviceID = serviceID
        self.options = options
        self.publishTimeout = publishTimeout
        proofOfWork = options.hasProofOfWork ? .wanted : .unwanted
    }

    /// Directories that have confirmed the descriptor since the service was last added.
    var directoryCount: Int { if case .added(let added) = phase { added.uploads.directoryCount } else { 0 } }

    var nextDeadline: MonotonicTime? {
        var deadlines: [MonotonicTime?] = []
        switch phase {
        case .refused(let retryAt): deadlines.append(retryAt)
        case .added(let added): deadlines += [added.deadline, introductions.nextDeadline]
        case .waiting, .adding: break
        case .ended: return nil
        }
        switch keyChange {
        case .due(let time): deadlines.append(time)
        case .uploading(let until): deadlines.append(until)
        case .none: break
        }
        deadlines.append(rendezvous.nextDeadline)
        return deadlines.compactMap(\.self).min()
    }

    // MARK: What happens

    mutating func controlIsUp(now: MonotonicTime) -> [Output] {
        guard case .waiting = phase else { return [] }
        refusals.succeeded()
        return add(now) + [.tell(.adding)]
    }

    mutating func controlWasLost() -> [Output] {
        introductions = IntroductionWatch()
        rendezvous = RendezvousWatch()
        isTorReady = false
        hearing = .all
        hasHeardOfCircuits = false
        // It may be another tor after that.
        if case .missing = proofOfWork { proofOfWork = .wanted }
        if case .uploading = keyChange { keyChange = .uploading(until: nil) }
        switch phase {
        case .waiting, .ended: return []
        case .refused, .adding, .added: break
        }
        phase = .waiting
        if case .none = announcement { announcement = .republished }
        return [.tell(.lost)]
    }

    /// tor has bootstrapped: from now on an upload is due.
    mutating func torIsReady(now: MonotonicTime) {
        isTorReady = true
        armUpload(now)
    }

    /// tor has said which events it tells.
    mutating func hears(_ hearing: Hearing, now: MonotonicTime) {
        self.hearing = hearing
        armUpload(now)
    }

    /// ADD_ONION was answered; nil when the answer was lost, as too long.
    mutating func answered(_ reply: ControlReply?, now: MonotonicTime, random: UInt32) -> [Output] {
        guard case .adding(_, let isOutdated) = phase else { return [] }
        if let reply, reply.isPositive, reply.value(of: "ServiceID") == serviceID {
            refusals.succeeded()
            phase = .added(Added(since: now, stage: .uploading(deadline: nil)))
            armUpload(now)
            return tellOfProofOfWork() + (isOutdated ? renew(now) : [])
        }
        if let reply, reply.isNotUnderstood, case .wanted = proofOfWork {
            proofOfWork = .missing
            return add(now)
        }
        return refused(reply, now: now, random: random)
    }

    mutating func received(_ event: DescriptorEvent, now: MonotonicTime) -> [Output] {
        guard event.serviceID == serviceID, case .added(var added) = phase else { return [] }
        let uploadCount = added.uploads.uploadCount
        added.uploads.received(event)
        if event.action == .failed { added.failureReason = event.reason ?? added.failureReason }
        phase = .added(added)
        if case .announced = added.stage { return lookAtKeys(now) }
        var outputs: [Output] = []
        if added.uploads.uploadCount > uploadCount {
            outputs.append(.tell(.uploading(count: added.uploads.uploadCount)))
        }
        if added.uploads.confirmedDescriptorCount >= DescriptorUploads.expectedDescriptorCount {
            outputs += announce(now)
        } else if added.uploads.directoryCount > 0, event.action == .uploaded, case .uploading = added.stage {
            added.stage = .secondDescriptor(until: now + Self.secondDescriptorTimeout)
            phase = .added(added)
        }
        return outputs
    }

    mutating func received(_ event: CircuitEvent, now: MonotonicTime) -> [Output] {
        hasHeardOfCircuits = true
        switch event.change {
        case .introduction(serviceID): introductions.established(event.circuit, now: now)
        case .rendezvous(serviceID) where hearing.contains(.bandwidth):
            return close(rendezvous.joined(event.circuit, now: now))
        case .heard: rendezvous.heard(event.circuit, now: now)
        case .closed:
            introductions.closed(event.circuit, now: now)
            rendezvous.closed(event.circuit)
        case .introduction, .rendezvous: break
        }
        return []
    }

    /// From now on the owners of these keys can resolve the service, and nobody else.
    mutating func authorize(_ clients: Set<X25519.PublicKey>, now: MonotonicTime) {
        guard options.clients != clients else { return }
        options.clients = clients
        if case .due = keyChange { return }
        let since: MonotonicTime? =
            switch phase {
            case .ended, .waiting, .refused: nil
            case .adding(let since, _): since
            case .added(let added): added.since
            }
        keyChange = .due(since.map { max(now, $0 + Self.changePause) } ?? now)
    }

    /// Nothing is asked and nothing told any more. Returns whether tor may have the service.
    mutating func end() -> Bool {
        defer { phase = .ended }
        return switch phase {
        case .adding, .added: true
        case .waiting, .refused, .ended: false
        }
    }

    mutating func timePassed(now: MonotonicTime, random: UInt32) -> [Output] {
        var outputs: [Output] = []
        switch phase {
        case .ended: return []
        case .refused(let retryAt) where now >= retryAt: outputs += add(now)
        case .added(let added):
            if let deadline = added.deadline, now >= deadline { outputs += uploadIsLate(added, now) }
            if introductions.timePassed(now: now) { outputs += renew(now) }
        case .waiting, .refused, .adding: break
        }
        switch keyChange {
        case .due(let time) where now >= time: outputs += changeKeys(now)
        case .uploading(let until?) where now >= until: outputs += keysAreInForce()
        case .due, .uploading, .none: break
        }
        return outputs + close(rendezvous.timePassed(now: now))
    }

    // MARK: Adding

    private mutating func add(_ now: MonotonicTime) -> [Output] {
        phase = .adding(since: now, isOutdated: false)
        if case .uploading = keyChange { keyChange = .uploading(until: nil) }
        var options = self.options
        if case .wanted = proofOfWork { options.hasProofOfWork = true } else { options.hasProofOfWork = false }
        return [.add(options)]
    }

    private mutating func renew(_ now: MonotonicTime) -> [Output] {
        introductions.addedAgain()
        return [.delete] + add(now) + [.tell(.adding)]
    }

    private mutating func refused(_ reply: ControlReply?, now: MonotonicTime, random: UInt32) -> [Output] {
        let error: TorError
        var isWorthTelling = true
        if let reply, reply.isNotUnderstood, options.clients != nil, reply.namesClientAuthorization {
            error = .clientAuthorizationUnsupported
        } else if let reply, reply.isFiltered {
            error = .filtered(command: "ADD_ONION")
            isWorthTelling = refusals.attempt == 0
        } else if let reply, reply.isCollision {
            error = .publishFailed(.collision)
            isWorthTelling = refusals.attempt == Self.maximumCollisionCount
            if refusals.attempt < Self.maximumCollisionCount {
                phase = .refused(retryAt: now + refusals.next(random: random))
                return []
            }
        } else {
            error =
                reply.map { .publishFailed(.refused(status: $0.status, text: $0.text)) } ?? .unreachable(.answerTooLong)
            isWorthTelling = refusals.attempt == 0
        }
        if case .published = announcement {
            phase = .ended
            return [.tell(.failed(error))]
        }
        phase = .refused(retryAt: now + refusals.next(random: random))
        guard isWorthTelling else { return [] }
        announcement = .republished
        return [.tell(.failed(error))]
    }

    private mutating func tellOfProofOfWork() -> [Output] {
        guard case .wanted = proofOfWork else {
            defer { hasToldOfProofOfWork = true }
            return hasToldOfProofOfWork ? [] : [.tell(.withoutProofOfWork)]
        }
        return []
    }

    // MARK: Uploading

    private mutating func armUpload(_ now: MonotonicTime) {
        guard isTorReady, case .added(var added) = phase, case .uploading = added.stage,
            added.uploads.directoryCount == 0
        else { return }
        let timeout = hearing.contains(.descriptors) ? publishTimeout : Self.unheardUpload
        added.stage = .uploading(deadline: now + timeout)
        phase = .added(added)
    }

    private mutating func uploadIsLate(_ added: Added, _ now: MonotonicTime) -> [Output] {
        guard case .uploading = added.stage else { return announce(now) }
        // A tor that tells nothing of its descriptors is no tor that does not upload them, as long as it may have somewhere
        // to be introduced.
        let isSilent = added.uploads.uploadCount == 0 && added.failureReason == nil
        if isSilent, introductions.count > 0 || !hasHeardOfCircuits { return announce(now) }
        var added = added
        added.stage = .uploading(deadline: nil)
        phase = .added(added)
        return [.tell(.failed(.publishFailed(.notUploaded(reason: added.failureReason))))]
    }

    private mutating func announce(_ now: MonotonicTime) -> [Output] {
        guard case .added(var added) = phase else { return [] }
        added.stage = .announced
        phase = .added(added)
        defer { announcement = .none }
        let told: [Output] =
            switch announcement {
            case .published: [.tell(.published(directories: added.uploads.directoryCount))]
            case .republished: [.tell(.republished)]
            case .none: []
            }
        return told + lookAtKeys(now)
    }

    // MARK: Keys

    private mutating func changeKeys(_ now: MonotonicTime) -> [Output] {
        keyChange = .uploading(until: nil)
        switch phase {
        case .added: return renew(now)
        case .adding(let since, _): phase = .adding(since: since, isOutdated: true)
        case .waiting, .refused, .ended: break
        }
        return []
    }

    /// New keys are in force when all directories have the descriptor that knows them: one that has the old one gives that
    /// to whoever asks, and tor does not ask another. A directory that does not answer is not waited for.
    private mutating func lookAtKeys(_ now: MonotonicTime) -> [Output] {
        guard case .uploading(let until) = keyChange, case .added(let added) = phase, case .announced = added.stage
        else { return [] }
        if added.uploads.areConfirmed { return keysAreInForce() }
        keyChange = .uploading(until: until ?? now + Self.secondDescriptorTimeout)
        return []
    }

    private mutating func keysAreInForce() -> [Output] {
        keyChange = .none
        return [.tell(.keysInForce)]
    }

    // MARK: Circuits

    private func close(_ circuits: [String]) -> [Output] {
        guard !circuits.isEmpty else { return [] }
        return circuits.map { .closeCircuit($0) } + [.tell(.closedSilentCircuits(count: circuits.count))]
    }
}

extension ControlReply {
    /// Whether what tor did not understand is about client authorization: it says which argument it was.
    fileprivate var namesClientAuthorization: Bool {
        text.contains("ClientAuthV3") || text.contains("V3Auth")
    }

    /// Whether this tor has the service already, through another control connection or from its torrc.
    fileprivate var isCollision: Bool { status == 550 && text.contains("collision") }
}
