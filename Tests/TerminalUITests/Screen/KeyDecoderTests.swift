import Testing

@testable import TerminalUI

@Suite struct KeyDecoderTests {
    private func keys(_ text: String) -> [Key] {
        var decoder = KeyDecoder()
        return decoder.received(Array(text.utf8).span) + decoder.timedOut()
    }

    @Test(
        "Keys of xterm, rxvt, tmux and the Linux console",
        arguments: [
            ("\u{1B}[A", .up), ("\u{1B}OA", .up), ("\u{1B}[B", .down), ("\u{1B}[C", .right), ("\u{1B}[D", .left),
            ("\u{1B}[1;5C", .wordRight), ("\u{1B}[1;3D", .wordLeft), ("\u{1B}Oc", .wordRight), ("\u{1B}b", .wordLeft),
            ("\u{1B}f", .wordRight), ("\u{1B}\u{1B}[C", .wordRight), ("\u{1B}[H", .home), ("\u{1B}[1~", .home),
            ("\u{1B}[7~", .home), ("\u{1B}OH", .home), ("\u{1B}[F", .end), ("\u{1B}[4~", .end), ("\u{1B}[8~", .end),
            ("\u{1B}[3~", .delete), ("\u{1B}[3;5~", .deleteWordForward), ("\u{1B}[5~", .pageUp),
            ("\u{1B}[6~", .pageDown),
            ("\u{1B}OP", .help), ("\u{1B}[11~", .help), ("\u{1B}[[A", .help), ("\u{1B}OQ", .showInvite),
            ("\u{1B}[12~", .showInvite), ("\u{1B}[[B", .showInvite), ("\u{1B}OR", .copyInvite),
            ("\u{1B}[R", .copyInvite), ("\u{1B}[13~", .copyInvite), ("\u{1B}[[C", .copyInvite), ("\u{1B}OS", .showCode),
            ("\u{1B}[14~", .showCode), ("\u{1B}[[D", .showCode), ("\u{1B}[Z", .backTab), ("\u{1B}\r", .newline),
            ("\u{1B}[13;2u", .newline), ("\u{1B}\u{7F}", .deleteWordBack), ("\u{1B}d", .deleteWordForward),
            ("\r", .enter),
            ("\n", .newline), ("\t", .tab), ("\u{7F}", .backspace), ("\u{8}", .backspace), ("\u{17}", .deleteWordBack),
            ("\u{15}", .killToStart), ("\u{B}", .killToEnd), ("\u{19}", .yank), ("\u{1}", .home), ("\u{5}", .end),
            ("\u{C}", .redraw), ("\u{4}", .endOfInput), ("\u{1B}OM", .enter), ("\u{1B}", .escape),
            ("\u{1B}[15~", .toggleMembers), ("\u{1B}[[E", .toggleMembers), ("\u{1B}[<64;10;5M", .wheelUp),
            ("\u{1B}[<65;10;5M", .wheelDown), ("\u{1B}[<80;1;1M", .wheelUp),
            ("\u{1B}1", .window(1)), ("\u{1B}9", .window(9)), ("\u{1B}[50;3u", .window(2)),
        ] as [(String, Key)])
    func key(_ bytes: String, _ key: Key) {
        #expect(keys(bytes) == [key])
        // Byte by byte, as over a slow link.
        var decoder = KeyDecoder()
        var slowly: [Key] = []
        for byte in Array(bytes.utf8) { slowly += decoder.received([byte].span) }
        slowly += decoder.timedOut()
        #expect(slowly == [key])
    }

    @Test(
        "What the terminal says by itself is no text",
        arguments: [
            "\u{1B}]11;rgb:0000/0000/0000\u{7}", "\u{1B}]11;rgb:ffff/ffff/ffff\u{1B}\\", "\u{1B}P1$r0m\u{1B}\\",
            "\u{1B}P>|tmux 3.3a\u{1B}\\", "\u{1B}_Gi=31;OK\u{1B}\\", "\u{1B}^x\u{1B}\\", "\u{1B}Xx\u{1B}\\",
            "\u{1B}[M !!", "\u{1B}[M`\u{7F}\u{7F}", "\u{1B}[<0;10;5M", "\u{1B}[<0;10;5m", "\u{1B}[<64;1;1m",
            "\u{1B}[?62;22c",
            "\u{1B}]2;a\u{1B}b\u{7}",
        ])
    func answers(_ bytes: String) {
        #expect(keys(bytes + "x") == [.text("x")])
        var decoder = KeyDecoder()
        var slowly: [Key] = []
        for byte in Array((bytes + "x").utf8) { slowly += decoder.received([byte].span) }
        #expect(slowly == [.text("x")])
    }

    @Test("What only began like an answer swallows nothing that is typed later, and ends")
    func unfinishedAnswers() {
        for beginning in ["\u{1B}]", "\u{1B}P", "\u{1B}[M", "\u{1B}]11;rgb"] {
            var decoder = KeyDecoder()
            #expect(decoder.received(Array(beginning.utf8).span) == [])
            #expect(decoder.isWaiting)
            #expect(decoder.timedOut() == [])
            #expect(decoder.received(Array("typed".utf8).span) == [.text("typed")])
        }
        let endless = "\u{1B}]" + String(repeating: "x", count: KeyDecoder.maximumStringByteCount) + "typed"
        #expect(keys(endless) == [.text("typed")])
    }

    @Test("Text, whole and in pieces")
    func text() {
        #expect(keys("hé你\u{1F44D}") == [.text("hé你\u{1F44D}")])
        var decoder = KeyDecoder()
        var typed = ""
        for byte in Array("hé你\u{1F44D}".utf8) {
            for case .text(let text) in decoder.received([byte].span) { typed += text }
        }
        #expect(typed == "hé你\u{1F44D}")
        #expect(keys("a\rb") == [.text("a"), .enter, .text("b")])
        var broken = KeyDecoder()
        #expect(broken.received([0xFF, 0x41].span) == [.text("\u{FFFD}A")])
    }

    @Test("A paste is one key, with its line ends and whatever looks like a key in it")
    func paste() {
        #expect(keys("\u{1B}[200~one\r\ntwo\u{1B}[A\u{1B}[201~x") == [.paste("one\r\ntwo\u{1B}[A"), .text("x")])
    }

    @Test("A paste without end does not grow without end")
    func endlessPaste() {
        var decoder = KeyDecoder()
        let chunk = [UInt8](repeating: 0x61, count: 65_536)
        #expect(decoder.received(Array("\u{1B}[200~".utf8).span).isEmpty)
        for _ in 0..<6 { #expect(decoder.received(chunk.span).isEmpty) }
        let keys = decoder.received(Array("\u{1B}[201~".utf8).span)
        guard case .paste(let text)? = keys.first else {
            Issue.record("no paste")
            return
        }
        #expect(text.utf8.count == KeyDecoder.maximumPasteByteCount)
    }

    @Test("Sequences that are no keys are skipped, long ones given up")
    func unknown() {
        #expect(keys("\u{1B}[99~a\u{1B}[?1;2cb") == [.text("a"), .text("b")])
        #expect(keys("\u{1B}[I\u{1B}[O") == [])
        // The least number there is, as a modifier.
        #expect(keys("\u{1B}[1;-9223372036854775808A") == [.up])
        let long = "\u{1B}[" + String(repeating: "1", count: KeyDecoder.maximumSequenceByteCount)
        #expect(keys(long).allSatisfy { if case .text = $0 { true } else { false } })
    }

    @Test("Where the terminal still made a line feed of Enter, a line feed is Enter")
    func typedAhead() {
        var decoder = KeyDecoder()
        decoder.typedAhead(4)
        #expect(decoder.received(Array("a\n".utf8).span) == [.text("a"), .enter])
        #expect(decoder.received(Array("\nb\n".utf8).span) == [.enter, .text("b"), .newline])
        #expect(decoder.received(Array("\n".utf8).span) == [.newline])
    }

    @Test("Escape waits for what follows, and no longer")
    func escape() {
        var decoder = KeyDecoder()
        #expect(decoder.received([0x1B].span) == [])
        #expect(decoder.isWaiting)
        #expect(decoder.timedOut() == [.escape])
        #expect(!decoder.isWaiting)
    }

    @Test("Nothing traps, whatever comes")
    func garbage() {
        var state: UInt64 = 1
        var decoder = KeyDecoder()
        for _ in 0..<20_000 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            let byte = UInt8(truncatingIfNeeded: state >> 33)
            // Mostly what sequences are made of.
            let choices: [UInt8] = [0x1B, 0x5B, 0x4F, byte & 0x3F | 0x20, byte]
            _ = decoder.received([choices[Int(state >> 60) % choices.count]].span)
            if state >> 50 & 15 == 0 { _ = decoder.timedOut() }
        }
    }
}
