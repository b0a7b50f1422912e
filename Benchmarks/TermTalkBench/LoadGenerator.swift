import CLibevent
import Glibc
import Room
import SecureGroup
import SecureSession
import Sodium

/// Many members of one room in one thread: the loops of shared/bench's loadgen.c, with TermTalk's members in place of its
/// adapters. A message is delivered to its sender too.
final class LoadGenerator {
    private static let eventLimit: Int32 = 512
    private static let sweepInterval: UInt64 = 100_000_000
    /// Nanoseconds.
    private static let logDelay: UInt64 = 1_000_000_000

    let options: LoadOptions
    private let hostKey: X25519.PublicKey
    private let invite = BenchmarkRoom.invite()
    private let poll = epoll_create1(Int32(EPOLL_CLOEXEC))
    private var ready = [epoll_event](repeating: epoll_event(), count: Int(eventLimit))
    /// The invite of the group at a relay, once its founder has it.
    private var inviteOfGroup: InviteSecret?
    private var invitedAt: UInt64 = 0
    var members: [LoadMember?]
    private var isWriteAwaited: [Bool]
    var joinedCount = 0
    private var openCount = 0
    private var failure: String?
    var now = timespec.nanoseconds(on: CLOCK_MONOTONIC)
    private var sweptAt: UInt64 = 0

    var content: [UInt8]
    /// The host takes each id once.
    let firstID = Random.uint64()
    var sent: UInt64 = 0
    private var lost: UInt64 = 0
    private var delivered: UInt64 = 0
    private var damaged = 0
    private var lastDelivery: UInt64 = 0
    private var nextSender = 0

    /// What the tests of latency and arrivals look at.
    var times = LoadTimes()

    private var buffer = [UInt8](repeating: 0, count: 262_144)
    private var scratch: [UInt8] = []
    private var events: [SessionEvent] = []

    init(options: LoadOptions) throws {
        self.options = options
        hostKey = try BenchmarkRoom.hostKey().publicKey
        let slots = options.test == .setup ? options.concurrency + options.founders : options.members
        members = Array(repeating: nil, count: slots)
        isWriteAwaited = Array(repeating: false, count: slots)
        content = [UInt8](repeating: UInt8(ascii: "x"), count: options.size)
        content[0] = UInt8(ascii: "@")
        content[1] = UInt8(ascii: "@")
        content[options.size - 1] = UInt8(ascii: ".")
    }

    func run() throws {
        switch options.test {
        case .fanout, .bulk: try fanOut()
        case .idle: try idle()
        case .setup: try setUp()
        case .away: try away()
        case .bound: try bound()
        case .latency: try latency()
        case .arrivals: try arrivals()
        }
    }

    // MARK: Tests

    private func fanOut() throws {
        let begin = clock()
        try join(options.members, limit: 120)
        let joinTime = seconds(since: begin)
        try settle(quiet: options.members >= 500 ? 0.5 : 0.25, atMost: 30)
        lastDelivery = clock()
        try pump(options.warmUp)
        let before = try meter()
        let start = clock()
        let own = timespec.nanoseconds(on: CLOCK_PROCESS_CPUTIME_ID)
        let (sentBefore, deliveredBefore, lostBefore) = (sent, delivered, lost)
        try pump(options.duration)
        let after = try meter(memory: true)
        let time = seconds(since: start)
        let ownTime = Double(timespec.nanoseconds(on: CLOCK_PROCESS_CPUTIME_ID) - own) / 1e9
        let deliveries = Double(delivered - deliveredBefore)
        let messages = Double(sent - sentBefore)
        let processorTime = Double(after.processorTime - before.processorTime)
        var line = head()
        line.add("join_s", joinTime)
        line.add("secs", time)
        line.add("messages", Int(messages))
        line.add("deliveries", Int(deliveries))
        line.add("per_s", deliveries / time)
        line.add("cpu_us", deliveries > 0 ? processorTime / 1e3 / deliveries : 0)
        if options.test == .bulk {
            // The sender gets its messages, too, which no yardstick has.
            let others = Double(options.members - 1) / Double(options.members)
            let megabytes = deliveries * others * Double(options.size) / 1e6
            line.add("mb_s", megabytes / time)
            line.add("cpu_ms_per_mb", megabytes > 0 ? processorTime / 1e6 / megabytes : 0)
        }
        line.add("srv_util", processorTime / 1e9 / time)
        line.add("lg_util", ownTime / time)
        line.add("ut", after.userTicks - before.userTicks)
        line.add("st", after.systemTicks - before.systemTicks)
        line.add("vcsw_per_msg", Double(after.voluntarySwitches - before.voluntarySwitches) / max(1, messages))
        line.add("rss_kb", after.residentMemory)
        line.add("lost", Int(lost - lostBefore))
        line.add("bad", damaged)
        print(line.text)
    }

    private func idle() throws {
        let empty = try meter(memory: true)
        let fifth = options.members / 5
        try join(fifth, limit: 120)
        try settle(quiet: 0.5, atMost: 20)
        let afterFifth = try meter(memory: true)
        try join(options.members, limit: 120)
        try settle(quiet: 1, atMost: 30)
        let full = try meter(memory: true)
        var line = head()
        line.add("rss0_kb", empty.residentMemory)
        line.add("rss_fifth_kb", afterFifth.residentMemory)
        line.add("rss_n_kb", full.residentMemory)
        line.add(
            "anon_slope_kb",
            Double(full.anonymousMemory - afterFifth.anonymousMemory) / Double(options.members - fifth))
        line.add("priv0_kb", empty.privateMemory)
        line.add("priv_n_kb", full.privateMemory)
        line.add("kb_per_member", Double(full.residentMemory - empty.residentMemory) / Double(options.members))
        line.add(
            "kb_per_member_slope",
            Double(full.residentMemory - afterFifth.residentMemory) / Double(options.members - fifth))
        line.add("cpu_ms_join", Double(full.processorTime - empty.processorTime) / 1e6 / Double(options.members))
        print(line.text)
    }

    private func setUp() throws {
        try join(options.founders, limit: 20)
        let before = try meter()
        let start = clock()
        let own = timespec.nanoseconds(on: CLOCK_PROCESS_CPUTIME_ID)
        var started = 0
        var done = 0
        while done < options.total {
            for slot in members.indices.dropFirst(options.founders) {
                if let member = members[slot], member.isJoined {
                    member.leave(now: time)
                    remove(slot)
                    done += 1
                }
                if members[slot] == nil, started < options.total, mayCome {
                    try open(slot)
                    started += 1
                }
            }
            _ = try pollOnce(milliseconds: 20)
            if seconds(since: start) > 60 { throw BenchmarkError("set-up timed out") }
        }
        let elapsed = seconds(since: start)
        let ownTime = Double(timespec.nanoseconds(on: CLOCK_PROCESS_CPUTIME_ID) - own) / 1e9
        usleep(300_000)
        let after = try meter()
        var line = head()
        line.add("total", options.total)
        line.add("conc", options.concurrency)
        line.add("secs", elapsed)
        line.add("conn_s", Double(options.total) / elapsed)
        line.add("cpu_ms", Double(after.processorTime - before.processorTime) / 1e6 / Double(options.total))
        line.add("lg_util", ownTime / elapsed)
        print(line.text)
    }

    func head() -> JSONLine {
        var line = JSONLine()
        line.add("label", options.label)
        line.add("test", options.test.rawValue)
        line.add("adapter", "termtalk")
        line.add("room", options.room.rawValue)
        line.add("tls", "")
        line.add("n", options.members)
        line.add("senders", options.senders)
        line.add("size", options.size)
        line.add("window", options.window)
        return line
    }

    // MARK: Members

    /// Lets members in until there are `count`.
    func join(_ count: Int, limit: Double) throws {
        let start = clock()
        var next = openCount
        while joinedCount < count {
            while next < count, openCount - joinedCount < options.concurrency, next < options.founders || mayCome {
                try open(next)
                next += 1
            }
            _ = try pollOnce(milliseconds: 50)
            if seconds(since: start) > limit { throw BenchmarkError("join timed out") }
        }
    }

    /// Whether others than founders can come in.
    var mayCome: Bool {
        if inviteOfGroup == nil, options.founders > 0, let invite = members.first??.inviteOfGroup {
            inviteOfGroup = invite
            invitedAt = now
        }
        // Other hosts of the room learn it from the log.
        return options.founders == 0 || inviteOfGroup != nil && (options.ports.count == 1 || now - invitedAt > Self.logDelay)
    }

    /// What the group of one more is known by.
    private var trust: GroupTrust {
        guard options.room == .relay else { return .host }
        guard let bytes = inviteOfGroup?.secretBytes else { return .first }
        return .secret(GroupSecret(SecretBytes(copying: bytes.span)))
    }

    func open(_ slot: Int) throws {
        let takesPart = slot < options.founders || options.room == .opened && slot < options.senders
        let address = options.path.map { .path($0) } ?? BenchmarkAddress.port(options.ports[slot % options.ports.count])
        let member = try LoadMember(address, trust: trust, takesPart: takesPart)
        member.expectsSealed = options.room == .opened
        members[slot] = member
        isWriteAwaited[slot] = true
        openCount += 1
        var event = epoll_event()
        event.events = EPOLLIN.rawValue | EPOLLOUT.rawValue
        event.data.u64 = UInt64(slot)
        guard epoll_ctl(poll, EPOLL_CTL_ADD, member.descriptor, &event) == 0 else {
            throw BenchmarkError("epoll_ctl: \(errno)")
        }
    }

    func remove(_ slot: Int) {
        guard let member = members[slot] else { return }
        if member.isJoined { joinedCount -= 1 }
        openCount -= 1
        members[slot] = nil
    }

    /// Keeps what is waited for in step with what the member has to send.
    func updateInterest(_ member: LoadMember, _ slot: Int) {
        guard member.wantsToWrite != isWriteAwaited[slot] else { return }
        isWriteAwaited[slot] = member.wantsToWrite
        var event = epoll_event()
        event.events = EPOLLIN.rawValue | (member.wantsToWrite ? EPOLLOUT.rawValue : 0)
        event.data.u64 = UInt64(slot)
        epoll_ctl(poll, EPOLL_CTL_MOD, member.descriptor, &event)
    }

    // MARK: The loop

    /// Waits, and handles what is ready; false when nothing was.
    func pollOnce(milliseconds: Int32) throws -> Bool {
        let count = epoll_wait(poll, &ready, Self.eventLimit, milliseconds)
        now = clock()
        for index in 0..<max(0, Int(count)) {
            handle(ready[index])
        }
        if now - sweptAt > Self.sweepInterval {
            sweptAt = now
            for case let member? in members {
                member.flush(now: time)
            }
        }
        if let failure { throw BenchmarkError(failure) }
        return count > 0
    }

    private func handle(_ event: epoll_event) {
        let slot = Int(event.data.u64)
        guard let member = members[slot] else { return }
        let wasJoined = member.isJoined
        let (deliveredBefore, damagedBefore) = (member.delivered, member.damaged)
        if event.events & EPOLLOUT.rawValue != 0 {
            member.becameWritable(hostKey: hostKey, invite: inviteOfGroup ?? invite, now: time)
        }
        if event.events & ~EPOLLOUT.rawValue != 0, member.isDeaf {
            // Neither now nor when the host has closed it.
            epoll_ctl(poll, EPOLL_CTL_DEL, member.descriptor, nil)
        } else if event.events & ~EPOLLOUT.rawValue != 0 {
            member.becameReadable(into: &buffer, scratch: &scratch, events: &events, now: time)
        }
        if member.delivered != deliveredBefore {
            delivered += UInt64(member.delivered - deliveredBefore)
            lastDelivery = now
        }
        damaged += member.damaged - damagedBefore
        if member.isJoined, !wasJoined { joinedCount += 1 }
        if member.delivered != deliveredBefore || member.isJoined != wasJoined { times.happened(slot, member, at: now) }
        if case .failed(let reason) = member.state { failure = failure ?? reason }
        updateInterest(member, slot)
    }

    func settle(quiet: Double, atMost limit: Double) throws {
        let start = clock()
        var last = start
        while seconds(since: start) < limit, seconds(since: last) < quiet {
            if try pollOnce(milliseconds: 20) { last = clock() }
        }
    }

    /// Closed loop: at most `window` messages whose deliveries are not all in.
    private func pump(_ duration: Double) throws {
        let end = clock() + UInt64(duration * 1e9)
        let receivers = UInt64(options.members)
        while now < end {
            var count = 0
            while Double(sent - lost) - Double(delivered) / Double(receivers) < Double(options.window),
                count < options.window
            {
                members[options.founders + nextSender]?.post(content, id: firstID &+ sent, now: time)
                sent += 1
                count += 1
                nextSender = (nextSender + 1) % options.senders
            }
            for slot in options.founders..<(options.founders + (count > 0 ? options.senders : 0)) {
                guard let member = members[slot] else { continue }
                member.flush(now: time)
                updateInterest(member, slot)
            }
            _ = try pollOnce(milliseconds: 2)
            if now > lastDelivery, now - lastDelivery > 2_000_000_000 {
                lost += max(1, sent - lost - delivered / receivers)
                lastDelivery = now
            }
        }
    }

    /// The same, with so many messages, and members that read.
    func pump(messages: Int, receivers: Int) throws {
        let (sentBefore, deliveredBefore) = (sent, delivered)
        var last = clock()
        while sent - sentBefore < UInt64(messages) || delivered - deliveredBefore < UInt64(messages * receivers) {
            while sent - sentBefore < UInt64(messages),
                Double(sent - sentBefore) - Double(delivered - deliveredBefore) / Double(receivers)
                    < Double(options.window)
            {
                members[options.founders]?.post(content, id: firstID &+ sent, now: time)
                sent += 1
            }
            if let member = members[options.founders] {
                member.flush(now: time)
                updateInterest(member, options.founders)
            }
            if try pollOnce(milliseconds: 2) { last = now }
            if seconds(since: last) > 20 { throw BenchmarkError("nothing is delivered any more") }
        }
    }

    var time: Duration { .nanoseconds(Int64(now)) }

    func clock() -> UInt64 { timespec.nanoseconds(on: CLOCK_MONOTONIC) }

    func seconds(since start: UInt64) -> Double { Double(clock() - start) / 1e9 }

    func meter(memory: Bool = false) throws -> ServerMeter {
        try ServerMeter(options.processes, memory: memory)
    }
}
