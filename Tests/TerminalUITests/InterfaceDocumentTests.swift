import Chat
import Foundation
import Testing

@testable import TerminalUI

/// docs/json.md against the encoder: every event, every field and every code, and nothing else.
@Suite struct InterfaceDocumentTests {
    private static let document: String = {
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        return (try? String(contentsOf: root.appending(path: "docs/json.md"), encoding: .utf8)) ?? ""
    }()

    /// The rows of the tables, by their first cell.
    private static let rows: [String: String] = {
        var rows: [String: String] = [:]
        for line in document.split(separator: "\n") where line.hasPrefix("| `") {
            let cells = line.dropFirst(2).split(separator: " | ", maxSplits: 1)
            if cells.count == 2 { rows[cells[0].filter { $0 != "`" }] = String(cells[1]) }
        }
        return rows
    }()

    private static func inBackticks(_ text: String) -> Set<String> {
        Set(
            text.split(separator: "`", omittingEmptySubsequences: false).enumerated().filter { $0.offset % 2 == 1 }.map
            { String($0.element) })
    }

    /// Each event with all its fields.
    private static func samples() throws -> [ChatEvent] {
        let id = try Sample.id("abc234")
        let member = ChatEvent.MemberInfo(id: id, nick: "alice", isHost: true, isVerified: true)
        let invite = RoomChange.Invite(number: 2, text: "termtalk://x", usesLeft: 1, used: 0, secondsLeft: 60)
        let file = FileNews.File(
            number: 1, id: "0123456789abcdef", from: id, nick: "a", name: "x", remark: nil, size: 5, to: nil,
            isOwn: false)
        let notice = ChatEvent.Notice(.usage, "message", hint: "hint", count: 3)
        let all: [ChatEvent] = [
            .starting(.dial, progress: 5), Sample.ready(.onion, timeToLive: 300), try Sample.joined(expires: 1),
            .memberJoined(id: id, nick: "a", count: 2), .memberLeft(id: id, nick: "a", reason: .quit, count: 1),
            .memberAway(id: id, nick: "a", since: 1), .memberBack(id: id, nick: "a", since: 1),
            try Sample.message("hi"), try Sample.message("hi", kind: .private, to: id),
            try Sample.message("hi", saidAt: 1),
            .sending(.init(id: MessageID(1), sequence: nil, from: id, nick: "a", text: "t", kind: .text, isOwn: true)),
            .notSent(MessageID(1)), .waiting(MessageID(1), text: "x"), .delivered(MessageID(1)),
            .acknowledged(MessageID(1), count: 1, of: 2), .passedOver(sequence: 3),
            .nickChanged(id: id, oldNick: "a", nick: "b"),
            .members([member]), .invite("termtalk://x"), .help(["x"]), .clearScreen,
            .verification(.room(.init(epoch: 1, isCurrent: true, words: ["one"], members: []))),
            .verification(.check(.init(member: id, nick: "a", state: .compare, words: ["one"]))),
            .file(.offered(file)), .file(.done(file, path: nil, member: id)),
            .file(.progress(file, .init(bytes: 1, rate: 2, member: id, isMilestone: true))),
            .file(.failed(file, notice, bytes: 1, member: id)), .file(.list([.init(file: file, state: "offered")])),
            .room(.topic("x")), .room(.locked(true)), .room(.extended(secondsLeft: 5)), .room(.slow(seconds: 5)),
            .room(.moderator(id: id, nick: "a", isModerator: true)),
            .room(.moved(address: "x.onion:1")), .room(.hosts(addresses: ["x.onion:1"])),
            .room(.ending(secondsLeft: 60, canExtend: true)),
            .room(.inviteMade(invite)), .room(.invites([invite])), .room(.inviteRevoked(number: 2)),
            .room(.joinRequest(id: id, nick: "a")), .room(.joinRequestOver(id: id)),
            .connection(.init(state: .lost, attempt: 1, retryInMilliseconds: 5, cause: "tor")), .warning(notice),
            .error(notice), .closed(.quit), .closed(.moderatorEnded),
        ]
        return all
    }

    @Test func everyEventAndField() throws {
        var fields: [String: Set<String>] = [:]
        for event in try Self.samples() {
            var line: [UInt8] = []
            JSONEventEncoder.append(event, at: 0, to: &line)
            guard !line.isEmpty else { continue }
            let object = try #require(try JSONSerialization.jsonObject(with: Data(line)) as? [String: Any])
            let name = try #require(object["event"] as? String)
            fields[name, default: []].formUnion(object.keys.filter { $0 != "event" && $0 != "time" })
        }
        // One sample at least of each event that the encoder knows, and that is written at all.
        #expect(Set(fields.keys) == Set(JSONEventEncoder.eventNames))
        for (name, keys) in fields {
            let row = try #require(Self.rows[name], "\(name)")
            #expect(Self.inBackticks(row) == keys, "\(name)")
        }
    }

    @Test func everyCodeWithItsStatus() {
        for status in ExitStatus.allCases where status != .done {
            let codes = NoticeCode.allCases.filter { ExitStatus($0) == status }.map(\.rawValue)
            #expect(Self.inBackticks(Self.rows["\(status.rawValue)"] ?? "") == Set(codes), "\(status.rawValue)")
        }
    }
}
