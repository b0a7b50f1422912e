import Testing

@testable import TerminalUI

@Suite struct RoomCommandTableTests {
    @Test func everyCommandHasItsHelp() {
        let names = RoomCommandTable.entries.map(\.name)
        #expect(Set(names).count == names.count)
        for entry in RoomCommandTable.entries {
            #expect(entry.name.hasPrefix("/") && entry.name == entry.name.lowercased())
            #expect(entry.forms.allSatisfy { !$0.help.isEmpty })
            #expect(RoomCommandTable.helpLines(about: entry.name)?.isEmpty == false)
            #expect(RoomCommandTable.helpLines(about: String(entry.name.dropFirst()).uppercased()) != nil)
            // Whatever is written behind it, the answer is about this command.
            switch InputParser(json: false).parse("\(entry.name) \u{1}x y z 1") {
            case .unknownCommand?, nil: Issue.record("\(entry.name)")
            default: break
            }
        }
        #expect(RoomCommandTable.helpLines(about: "frobnicate") == nil)
    }

    @Test func nobodyIsOfferedWhatItCannotDo() {
        let (host, guest) = (
            RoomCommandTable.helpLines(isModerator: true), RoomCommandTable.helpLines(isModerator: false)
        )
        #expect(host.contains { $0.hasPrefix("/kick") } && !guest.contains { $0.hasPrefix("/kick") })
        #expect(host.contains { $0.hasPrefix("/op ") } && !guest.contains { $0.hasPrefix("/op ") })
        #expect(guest.contains { $0.hasPrefix("/ignore") } && guest.contains { $0.hasPrefix("/files") })
        #expect(host.contains { $0.hasPrefix("/end") } && !guest.contains { $0.hasPrefix("/end") })
    }

    @Test(
        arguments: [
            ("/kik", "/kick"), ("/hlep", "/help"), ("/inivte", "/invite"), ("/msgg", "/msg"), ("/frobnicate", nil),
            ("/", nil),
        ] as [(String, String?)])
    func whatWasMeant(_ typed: String, _ meant: String?) {
        #expect(Suggestion.nearest(to: typed, in: RoomCommandTable.names) == meant)
    }

    @Test(
        arguments: [
            (0, "0 seconds"), (1, "1 second"), (90, "90 seconds"), (119, "119 seconds"), (120, "2 minutes"),
            (150, "2 minutes 30 seconds"), (900, "15 minutes"), (3_599, "59 minutes 59 seconds"), (3_600, "1 hour"),
            (7_199, "1 hour 59 minutes"), (7_200, "2 hours"),
            (5_400 * 2, "3 hours"), (9_000, "2 hours 30 minutes"), (172_800, "2 days"),
            (30 * 86_400 - 1, "29 days 23 hours"),
            (-5, "0 seconds"),
        ] as [(Int64, String)])
    func durations(_ seconds: Int64, _ words: String) {
        #expect(DurationText.words(seconds: seconds) == words)
    }
}
