import Testing

@testable import TerminalUI

@Suite struct PlainLineTests {
    private func type(_ text: String) -> (steps: [PlainLine.Step], echo: String, isEmpty: Bool) {
        var line = PlainLine()
        var echo = ""
        var steps: [PlainLine.Step] = []
        // Byte by byte, as from a keyboard.
        for byte in Array(text.utf8) { steps += line.received([byte].span, echo: &echo) }
        return (steps, echo, line.isEmpty)
    }

    @Test func linesAndTheirEcho() {
        let typed = type("hé你\none\r\n")
        #expect(typed.steps == [.line("hé你"), .line("one"), .line("")])
        #expect(typed.echo == "hé你\none\n\n")
        #expect(typed.isEmpty)
        #expect(!type("half").isEmpty)
    }

    @Test func whatIsDeletedIsRubbedOut() {
        #expect(type("ab\u{7F}c\n").steps == [.line("ac")])
        #expect(type("ab\u{7F}").echo == "ab\u{8} \u{8}")
        // A wide letter takes two columns.
        #expect(type("你\u{7F}").echo == "你\u{8}\u{8}  \u{8}\u{8}")
        #expect(type("one two  \u{17}x\n").steps == [.line("one x")])
        #expect(type("one two\u{15}x\n").steps == [.line("x")])
        #expect(type("\u{7F}\u{17}\u{15}").echo == "")
    }

    @Test func keysThatAreNoTextAreNotShown() {
        let typed = type("a\u{1B}[A\u{1B}]11;rgb:0/0/0\u{7}\u{1B}OPb\n")
        #expect(typed.steps == [.line("ab")])
        #expect(typed.echo == "ab\n")
        #expect(type("\u{4}").steps == [.endOfInput])
        #expect(type("a\u{4}\n").steps == [.line("a")])
    }

    @Test func aLineIsBounded() {
        let typed = type(String(repeating: "x", count: LineEditor.maximumByteCount + 5) + "\n")
        guard case .line(let line)? = typed.steps.first else {
            Issue.record("no line")
            return
        }
        #expect(line.utf8.count == LineEditor.maximumByteCount)
    }
}
