import Chat
import EventLoop
import Foundation
import Logging
import Room
import SecureGroup
import SecureSession
import Sodium
import Synchronization
import TestSupport
import Testing
import Transport

@testable import TermTalk

/// Two members of our own that talk to each other while something else happens in their room, on a thread of their own.
///
/// Each says its next text when it has heard the other's last one, so that a text lost by one stops both.
final class HonestPair: Sendable {
    private struct Progress {
        var rounds = 0
        var isToEnd = false
        var hasEnded = false
        /// What must not happen to an honest member.
        var complaints: [String] = []
        /// Others that left, by nick, and why.
        var left: [String] = []
    }

    private let progress = Mutex(Progress())

    /// - Parameters:
    ///   - padding: bytes that every text has besides its number.
    ///   - pause: before the answer to a text.
    init(_ host: HostProcess, padding: Int = 0, pause: Duration = .milliseconds(25)) throws {
        let invite = host.invite
        Thread.detachNewThread { [self] in
            do {
                let loop = try EventLoop()
                let talk = Talk(loop: loop, invite: invite, padding: padding, pause: pause, pair: self)
                talk.start()
                loop.run()
                talk.check()
            } catch {
                complain("\(error)")
            }
            progress.withLock { $0.hasEnded = true }
        }
    }

    fileprivate func complain(_ text: String) {
        progress.withLock { $0.complaints.append(text) }
    }

    fileprivate func finishedRound(_ count: Int) {
        progress.withLock { $0.rounds = count }
    }

    fileprivate func saw(left nick: String, _ reason: ChatEvent.LeaveReason) {
        progress.withLock { $0.left.append("\(nick) \(reason.rawValue)") }
    }

    fileprivate var isToEnd: Bool { progress.withLock { $0.isToEnd } }

    /// How many times both have spoken and been heard.
    var rounds: Int { progress.withLock { $0.rounds } }

    var complaintsSoFar: [String] { progress.withLock { $0.complaints } }

    var left: [String] { progress.withLock { $0.left } }

    /// Waits until both have spoken `count` times more.
    func talk(_ count: Int, deadline: Duration = .seconds(180)) throws {
        let goal = rounds + count
        try wait(deadline) { $0.rounds >= goal || !$0.complaints.isEmpty }
    }

    /// Waits until somebody has left whose nick this is; returns why.
    func waitForLeaving(_ nick: String, deadline: Duration = .seconds(180)) throws {
        try wait(deadline) { $0.left.contains { $0.hasPrefix("\(nick) ") } || !$0.complaints.isEmpty }
    }

    /// Ends the talk and returns what was wrong with it: nothing, it is to be hoped.
    func finish() throws -> [String] {
        progress.withLock { $0.isToEnd = true }
        try wait(.seconds(180)) { $0.hasEnded }
        return progress.withLock { $0.complaints }
    }

    private struct TooLate: Error {
        let progress: String
    }

    private func wait(_ time: Duration, _ isDone: (Progress) -> Bool) throws {
        let deadline = ContinuousClock.now + time
        while !progress.withLock({ isDone($0) }) {
            guard ContinuousClock.now < deadline else { throw TooLate(progress: progress.withLock { "\($0)" }) }
            usleep(5_000)
        }
    }
}

/// The two members, on their loop.
private final class Talk {
    private let loop: EventLoop
    private let invite: Invite
    private let padding: String
    private let pause: Duration
    private unowned let pair: HonestPair
    private var nodes: [MemberNode] = []
    private var heard: [[String]] = [[], []]
    private var spoken = [0, 0]
    private var ended = 0

    init(loop: EventLoop, invite: Invite, padding: Int, pause: Duration, pair: HonestPair) {
        self.loop = loop
        self.invite = invite
        self.padding = String(repeating: "p", count: padding)
        self.pause = pause
        self.pair = pair
    }

    func start() {
        for index in 0..<2 {
            let node = MemberNode(
                loop: loop, target: .init(room: invite.room, address: invite.address, policy: .pinned(.invite)),
                credentials: JoinCredentials(
                    prologue: Prologue(room: invite.room.description, onionKey: nil), staticKey: X25519.PrivateKey(),
                    hostKey: invite.hostKey, invite: invite.secret),
                client: MemberClient(
                    nick: "honest\(index)", engine: RoomGroup(creator: invite.creatorKey, time: 1_000_000_000)),
                dial: dial,
                logger: Logger(label: "test"),
                wallClock: { 0 }, tell: { [weak self] in self?.told($0, index) })
            node.onEvent = { [weak self] event in
                if case .ended(let reason, let notice) = event { self?.ended(reason, notice) }
            }
            nodes.append(node)
            node.start()
        }
        endWhenAsked()
    }

    private func dial(_ completion: @escaping (Result<any ByteStream, ChatEvent.Notice>) -> Void) -> any Cancellable {
        guard case .direct(let address) = invite.address else { preconditionFailure("the tests' hosts are direct") }
        return DirectDialer.dial([address], loop: loop, timeout: .seconds(30)) { result in
            completion(result.map(\.stream).mapError { _ in ChatEvent.Notice(.connectionRefused, "refused") })
        }
    }

    private func told(_ event: ChatEvent, _ index: Int) {
        switch event {
        case .joinedRoom(let room) where room.members.filter({ $0.nick.hasPrefix("honest") }).count == 2:
            speak(0)
        case .message(let message) where message.nick.hasPrefix("honest"):
            heard[index].append("\(message.nick) \(message.text.prefix { $0 != "p" })")
            heardMessage(message, index)
        // What a hostile member sends instead of what the group has sealed is told of, and rightly.
        case .warning(let notice) where notice.code == .groupForged:
            break
        case .connection, .error, .warning:
            pair.complain("honest\(index): \(event)")
        case .memberLeft(_, let nick, let reason, _) where index == 0:
            pair.saw(left: nick, reason)
        default:
            break
        }
    }

    private func heardMessage(_ message: ChatEvent.ChatMessage, _ index: Int) {
        guard !message.isOwn else { return }
        if index == 0 { pair.finishedRound(spoken[0]) }
        _ = loop.schedule(after: pause) { [weak self] in self?.speak(index) }
    }

    private func speak(_ index: Int) {
        guard !pair.isToEnd else { return }
        spoken[index] += 1
        nodes[index].say("\(spoken[index])\(padding)", kind: .text, to: nil)
    }

    private func endWhenAsked() {
        _ = loop.schedule(after: .milliseconds(20)) { [weak self] in
            guard let self else { return }
            let all = self.spoken[0] + self.spoken[1]
            guard self.pair.isToEnd, self.heard.allSatisfy({ $0.count >= all }) || self.ended > 0 else {
                return self.endWhenAsked()
            }
            if self.ended == 0 { for node in self.nodes { node.leave() } }
        }
    }

    private func ended(_ reason: ChatEvent.CloseReason, _ notice: ChatEvent.Notice?) {
        if let notice { pair.complain("ended: \(notice.message)") }
        ended += 1
        if ended == 2 || notice != nil { loop.stop() }
    }

    /// Both heard both, each text once, in one order.
    func check() {
        if heard[0] != heard[1] { pair.complain("the two heard different things") }
        for index in 0..<2 {
            let said = (0..<spoken[index]).map { "honest\(index) \($0 + 1)" }
            if heard[0].filter({ $0.hasPrefix("honest\(index)") }) != said {
                pair.complain("what honest\(index) said was lost, repeated or reordered")
            }
        }
    }
}
