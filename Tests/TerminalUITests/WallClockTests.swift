import Foundation
import Testing

@testable import TerminalUI

@Suite struct WallClockTests {
    private func text(_ milliseconds: Int64) -> String {
        var bytes: [UInt8] = []
        WallClock.append(millisecondsSince1970: milliseconds, to: &bytes)
        return String(decoding: bytes, as: UTF8.self)
    }

    @Test(
        "Known times",
        arguments: [
            (0, "1970-01-01T00:00:00.000Z"), (-1, "1969-12-31T23:59:59.999Z"),
            (951_782_400_000, "2000-02-29T00:00:00.000Z"),
            (951_868_799_999, "2000-02-29T23:59:59.999Z"), (951_868_800_000, "2000-03-01T00:00:00.000Z"),
            (4_107_542_400_000, "2100-03-01T00:00:00.000Z"), (1_735_689_599_999, "2024-12-31T23:59:59.999Z"),
            (253_402_300_799_999, "9999-12-31T23:59:59.999Z"), (-62_135_596_800_000, "0001-01-01T00:00:00.000Z"),
            (Int64.max, "9999-12-31T23:59:59.807Z"),
        ] as [(Int64, String)])
    func known(_ milliseconds: Int64, _ expected: String) {
        #expect(text(milliseconds) == expected)
    }

    @Test("The extremes do not trap")
    func extremes() {
        #expect(WallClock.text(seconds: .min) == "0001-01-01T00:00:00.000Z")
        #expect(WallClock.text(seconds: .max) == "9999-12-31T23:59:59.000Z")
        #expect(text(.min).hasPrefix("0001-01-01T00:00:00."))
    }

    @Test("Random times are Foundation's")
    func random() {
        for _ in 0..<300 {
            let seconds = Int64.random(in: -10_000_000_000...200_000_000_000)
            let date = Date(timeIntervalSince1970: Double(seconds))
            let expected = date.formatted(.iso8601).replacing("Z", with: ".000Z")
            #expect(WallClock.text(seconds: seconds) == expected)
        }
    }
}
