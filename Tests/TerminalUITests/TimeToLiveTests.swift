import Testing

@testable import TerminalUI

@Suite struct TimeToLiveTests {
    @Test(
        "Lifetimes as on the command line",
        arguments: [
            ("300", 300), ("90s", 90), ("15m", 900), ("2h", 7200), ("1d", 86_400), ("0090", 90), ("30d", 2_592_000),
            ("1", 1),
        ])
    func parsed(_ text: String, _ seconds: Int64) throws {
        #expect(try TimeToLive(parsing: text).seconds == seconds)
    }

    @Test("No end") func none() throws {
        #expect(try TimeToLive(parsing: "none").seconds == nil)
        #expect(try TimeToLive(parsing: TimeToLive.standard).seconds == 300)
    }

    @Test(
        "What is no lifetime",
        arguments: ["", "s", "-5", "+5", "5 s", "1.5h", "5x", "h5", "5hm", "٥", "None", " 5", "5\n"])
    func malformed(_ text: String) {
        #expect(throws: TimeToLiveError.malformed) { try TimeToLive(parsing: text) }
    }

    @Test("The bounds") func bounds() {
        #expect(throws: TimeToLiveError.tooShort) { try TimeToLive(parsing: "0") }
        #expect(throws: TimeToLiveError.tooShort) { try TimeToLive(parsing: "0d") }
        #expect(throws: TimeToLiveError.tooLong) { try TimeToLive(parsing: "2592001") }
        #expect(throws: TimeToLiveError.tooLong) { try TimeToLive(parsing: "31d") }
        #expect(throws: TimeToLiveError.tooLong) { try TimeToLive(parsing: String(repeating: "9", count: 400) + "d") }
    }
}
