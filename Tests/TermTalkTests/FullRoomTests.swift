import Chat
import Foundation
import Room
import Synchronization
import TestSupport
import Testing

/// A room that is full, in which all but one talk as fast as they can, and that one never reads.
@Suite(.serialized) struct FullRoomTests {
    private static let talkers = 48
    private static let seconds = 12.0
    /// Messages of one talker that are on their way at once.
    private static let window = 4

    @Test("One member never reads and 48 and the host's own are there: memory stays within its bound")
    func oneDeafAmongMany() async throws {
        let (growth, posted, cut) = try await onOwnThread {
            let host = try HostProcess(maxMembers: 50, keepSize: "4M")
            let deaf = try BlockingMember(host.target(), receiveBuffer: 4_096)
            try deaf.join(nick: "deaf")
            let posted = Mutex(0)
            let failures = Mutex<[String]>([])
            let group = DispatchGroup()
            for index in 0..<Self.talkers {
                group.enter()
                let target = host.target()
                let thread = Thread {
                    do {
                        let count = try Self.talk(as: index, target)
                        posted.withLock { $0 += count }
                    } catch {
                        failures.withLock { $0.append("\(index): \(error)") }
                    }
                    group.leave()
                }
                thread.stackSize = 1 << 20
                thread.start()
            }
            group.wait()
            #expect(failures.withLock { $0 } == [])
            // Whether it was cut off by then depends on how fast this machine is.
            let wasCut = try !deaf.resume()
            return (try host.memoryGrowth(), posted.withLock { $0 }, wasCut)
        }
        print(
            "full room: \(posted) messages, memory grew by \(growth / 1_024) KiB, bound \(MemoryBound.host / 1_024) KiB, cut off: \(cut)"
        )
        #expect(posted > Self.talkers)
        // A sanitizer keeps what is freed for a while.
        if ProcessInfo.processInfo.environment["TERMTALK_SANITIZED"] == nil { #expect(growth < MemoryBound.host) }
    }

    /// Talks for some seconds and reads all that comes; how many of its messages came back.
    private static func talk(as index: Int, _ target: BlockingMember.Target) throws -> Int {
        let member = try BlockingMember(target)
        try member.join(nick: "talker\(index)")
        let content = MessageContent(kind: .text, text: String(repeating: "x", count: 2_000)).encoded
        let deadline = ContinuousClock.now + .seconds(seconds)
        var said = 0
        var heard = 0
        var seen = 0
        while ContinuousClock.now < deadline {
            // Who reads more slowly than it says is cut off, too; it is the one that never reads that matters here.
            while said - heard < window {
                try member.say([
                    .post(id: MessageID(UInt64(index) << 32 | UInt64(said)), epoch: member.epoch, content: content)
                ])
                said += 1
            }
            try member.receive()
            member.socket.write(try member.sealed())
            heard += member.messages[seen...].count {
                if case .posted(_, let from, _, _, _) = $0 { from == member.id } else { false }
            }
            seen = member.messages.count
        }
        return heard
    }
}
