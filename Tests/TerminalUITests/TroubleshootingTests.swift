import Chat
import Foundation
import Testing

@testable import TerminalUI

@Suite struct TroubleshootingTests {
    @Test("Every code has its line in docs/troubleshooting.md, with the exit status that it leads to")
    func everyCode() throws {
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let text = try String(contentsOf: root.appending(path: "docs/troubleshooting.md"), encoding: .utf8)
        let lines = text.split(separator: "\n")
        for code in NoticeCode.allCases {
            let line = try #require(lines.first { $0.hasPrefix("| `\(code.rawValue)` | ") }, "\(code.rawValue)")
            let status = line.split(separator: "|")[1].filter { $0 != " " }
            // Those that never end the program have none.
            #expect(status == "–" || status == "\(ExitStatus(code).rawValue)", "\(line)")
        }
    }
}
