import Testing

@testable import TerminalUI

@Suite struct LineEditorTests {
    private func editor(_ text: String, _ keys: Key...) -> LineEditor {
        var editor = LineEditor()
        let done1 = editor.insert(text)
        #expect(done1)
        for key in keys { editor.pressed(key) }
        return editor
    }

    private func marked(_ editor: LineEditor) -> String {
        String(editor.characters[..<editor.cursor]) + "|" + String(editor.characters[editor.cursor...])
    }

    @Test("Moving")
    func moving() {
        #expect(marked(editor("one two", .left)) == "one tw|o")
        #expect(marked(editor("one two", .wordLeft)) == "one |two")
        #expect(marked(editor("one two", .home, .wordRight)) == "one| two")
        #expect(marked(editor("one two", .home, .left, .right)) == "o|ne two")
        #expect(marked(editor("one\ntwo", .home)) == "one\n|two")
        #expect(marked(editor("a", .right, .end)) == "a|")
    }

    @Test("Deleting, and what was deleted")
    func deleting() {
        #expect(marked(editor("one two", .deleteWordBack)) == "one |")
        #expect(marked(editor("one two", .home, .deleteWordForward)) == "| two")
        #expect(marked(editor("one two", .wordLeft, .killToEnd)) == "one |")
        #expect(marked(editor("one two", .wordLeft, .killToStart)) == "|two")
        #expect(marked(editor("one two", .deleteWordBack, .deleteWordBack, .yank)) == "one two|")
        #expect(marked(editor("one two", .backspace, .home, .delete)) == "|ne tw")
        #expect(marked(editor("", .backspace, .delete, .deleteWordBack, .killToEnd, .yank)) == "|")
    }

    @Test("A character is what a person takes for one")
    func characters() {
        var editor = editor("e")
        let done2 = editor.insert("\u{301}")
        #expect(done2)
        #expect(editor.characters.count == 1)
        let done3 = editor.insert("\u{1F468}\u{200D}\u{1F469}")
        #expect(done3)
        editor.pressed(.backspace)
        #expect(editor.text == "e\u{301}")
    }

    @Test("What is pasted keeps its lines and loses what is no text")
    func paste() {
        #expect(editor("one\r\ntwo\rthree\n\u{1B}[31mfour\u{7}\tend").text == "one\ntwo\nthree\n[31mfour\tend")
    }

    @Test("Between the lines of a text")
    func lines() {
        var editor = editor("first\nse\nthird")
        let up = editor.moveLine(down: false)
        #expect(up)
        #expect(marked(editor) == "first\nse|\nthird")
        let done4 = editor.moveLine(down: false)
        #expect(done4)
        #expect(marked(editor) == "fi|rst\nse\nthird")
        let atTop = editor.moveLine(down: false)
        #expect(!atTop)
        let done5 = editor.moveLine(down: true)
        #expect(done5)
        #expect(marked(editor) == "first\nse|\nthird")
    }

    @Test("The limit, and one past it")
    func limit() {
        var editor = LineEditor()
        let done6 = editor.insert(String(repeating: "x", count: LineEditor.maximumByteCount))
        #expect(done6)
        let oneMore = editor.insert("y")
        #expect(!oneMore)
        #expect(editor.characters.count == LineEditor.maximumByteCount)
        editor.pressed(.backspace)
        let done7 = editor.insert("y")
        #expect(done7)
    }

    @Test("History keeps what was being typed")
    func history() {
        var history = InputHistory()
        history.sent("one")
        history.sent("two")
        history.sent("two")
        let shown = [
            history.older(than: "draft"), history.older(than: "two"), history.older(than: "one"), history.newer(),
            history.newer(), history.newer(),
        ]
        #expect(shown == ["two", "one", nil, "two", "draft", nil])
        for number in 0..<(InputHistory.maximumCount + 5) { history.sent("\(number)") }
        var count = 0
        while history.older(than: "") != nil { count += 1 }
        #expect(count == InputHistory.maximumCount)
    }

    private func completed(_ text: String, times: Int = 1, backwards: Bool = false) -> String {
        var editor = editor(text)
        var completion = Completion()
        for _ in 0..<times {
            completion.complete(&editor, nicks: ["Ada", "adele", "bob"], backwards: backwards)
        }
        return marked(editor)
    }

    @Test("Completion of commands and nicks")
    func completion() {
        #expect(completed("/he") == "/help |")
        #expect(completed("/m") == "/me |")
        #expect(completed("/m", times: 2) == "/move |")
        #expect(completed("/m", times: 3) == "/msg |")
        #expect(completed("ad") == "Ada: |")
        #expect(completed("ad", times: 2) == "adele: |")
        #expect(completed("ad", times: 3) == "Ada: |")
        #expect(completed("ad", backwards: true) == "adele: |")
        #expect(completed("hello b") == "hello bob |")
        #expect(completed("/msg ") == "/msg Ada |")
        #expect(completed("hello ") == "hello |")
        #expect(completed("zz") == "zz|")
        #expect(completed("") == "|")
    }
}
