import Chat
import Room

@testable import TerminalUI

/// What people type and what they are shown.
let textTargets = [
    FuzzTarget("sanitizer", atMost: 1_200, seeds: textSeeds, run: sanitizer),
    FuzzTarget("nicks", atMost: 128, seeds: textSeeds, run: nicks),
    FuzzTarget(
        "screen", atMost: 512, seeds: { textSeeds().map { [0] + $0 } + [[9, 3] + Array("hello".utf8)] }, run: screen),
    FuzzTarget(
        "keys", atMost: 256,
        seeds: {
            [
                "a\u{1B}[A\u{1B}[1;5C\u{1B}OP\u{1B}b\r", "\u{1B}[200~pasted\ntext\u{1B}[201~\u{1B}[24~",
                "\u{1B}\u{1B}[D漢字👩\u{200D}👧\t",
                "\u{1}\u{B}\u{19}\u{C}\u{4}\u{1B}[[A\u{1B}[?1;2c",
            ].map { [3, 1] + Array($0.utf8) }
        }, run: keys),
    FuzzTarget(
        "input", atMost: 512,
        seeds: {
            [
                "hello\n//x\r\n/msg bob hi\n/nick a\n", #"{"send":"hi \u00e9\ud83d\ude00","to":"abc234"}"# + "\n",
                "/invite --uses 3 --expires 10m\n/kick bob rude\n/extend 2h\n/topic cats\n",
                #"{"command":"/who"}"# + "\n",
            ].map { [4] + Array($0.utf8) }
        }, run: input),
]

private func textSeeds() -> [[UInt8]] {
    [
        "hello, world", "naïve café\nline\r\ntwo\ttab", "\u{1B}[31mred\u{9B}0m\u{1B}]52;c;aGk=\u{7}",
        "safe\u{202E}gpj.exe\u{2066}",
        "👩\u{200D}👩\u{200D}👧 ❤\u{FE0F} 🇩🇪 1\u{FE0F}\u{20E3}", "z\u{300}\u{301}\u{302}\u{303}\u{304}\u{305}\u{306}algo",
        "می\u{200C}خواهم क्\u{200D}ष", "hi\u{E0068}\u{E0069}\u{E007F}!", "-!- bob has joined\u{2028}termtalk: x",
        "\u{430}l\u{456}ce ａ 𝐛 ..",
    ].map { Array($0.utf8) }
}

// MARK: What is shown

private func sanitizer(_ input: [UInt8]) {
    let text = String(decoding: input, as: UTF8.self)
    for mode in Sanitizer.Mode.allCases {
        let safe = Sanitizer.sanitize(text, as: mode)
        precondition(safe.utf8.count <= mode.maximumByteCount, "longer than it may be")
        precondition(
            !safe.unicodeScalars.contains { Sanitizer.isForbidden($0, in: mode) }, "something forbidden is left")
        precondition(!safe.utf8.contains { $0 < 0x20 && $0 != 0x0A || $0 == 0x7F }, "a control character is left")
        precondition(
            Sanitizer.sanitize(safe, as: mode).utf8.elementsEqual(safe.utf8), "a second run changes something")
    }
    precondition(Sanitizer.lines(ofMessage: text).allSatisfy { !$0.utf8.contains(0x0A) }, "a line of two")
}

private func nicks(_ input: [UInt8]) {
    let text = String(decoding: input, as: UTF8.self)
    _ = NickSkeleton(text)
    guard let nick = try? Nick(validating: text) else { return }
    precondition(1...Nick.maximumByteCount ~= nick.text.utf8.count, "a nick of a length that is not allowed")
    precondition(Sanitizer.sanitize(nick.text, as: .line) == nick.text, "a nick that is not safe to show")
    precondition((try? Nick(validating: nick.text)) == nick, "a nick that is none when it comes again")
    precondition(
        nick.skeleton == NickSkeleton(nick.text.uppercased().lowercased()) || !nick.text.utf8.allSatisfy { $0 < 0x80 },
        "case matters")
}

/// A peer's text in all places where it is shown: as a line, as JSON, on a screen. None of them gets a control character.
private func screen(_ bytes: [UInt8]) {
    var input = FuzzInput(bytes)
    let choice = input.byte()
    let size = ScreenSize(width: Int(choice) + 1, height: Int(choice) / 3 + 1)
    let text = String(decoding: input.rest(), as: UTF8.self)
    let id = MemberID(entropy: 5)
    let message = ChatEvent.ChatMessage(
        id: MessageID(1), sequence: 1, from: id, nick: text, text: text, kind: choice & 1 == 0 ? .text : .action,
        isOwn: false, to: nil)
    let notice = ChatEvent.Notice(.roomExpired, text, hint: text)
    let events: [ChatEvent] = [
        .memberJoined(id: id, nick: text, count: 2), .message(message), .nickChanged(id: id, oldNick: text, nick: text),
        .room(.topic(text)), .room(.joinRequest(id: id, nick: text)), .invite(text), .warning(notice), .error(notice),
        .members([.init(id: id, nick: text, isHost: true, isVerified: false)]),
        .memberLeft(id: id, nick: text, reason: .kicked, count: 1),
    ]
    let renderer = LineRenderer()
    var model = ScreenModel(size: size)
    let moment = Moment(seconds: 1_700_000_000, date: "2026-11-26", weekday: "Thursday", time: "12:00")
    for event in events {
        let lines = renderer.lines(for: event)
        for line in lines.stdout + lines.stderr {
            precondition(isSafe(line), "a line of the terminal with something forbidden")
        }
        var json: [UInt8] = []
        JSONEventEncoder.append(event, at: 1, to: &json)
        precondition(
            json.last == 0x0A && !json.dropLast().contains { $0 < 0x20 || $0 == 0x7F }, "a control character in JSON")
        precondition(
            String(validating: json, as: UTF8.self).map { isSafe($0.dropLast()) } ?? false, "JSON that is not safe text"
        )
        model.heard(event, at: moment)
        let frame = model.frame()
        precondition(frame.rows.count <= size.height, "more rows than a screen has")
        for row in frame.rows {
            precondition(isSafe(row.text) && row.width <= size.width, "a row that is not safe, or too wide")
        }
    }
}

private func isSafe(_ text: some StringProtocol) -> Bool {
    !text.unicodeScalars.contains { Sanitizer.isForbidden($0, in: .line) }
}

// MARK: What is typed

private func keys(_ bytes: [UInt8]) {
    var input = FuzzInput(bytes)
    let size = max(1, Int(input.byte()))
    let choice = input.byte()
    let rest = input.rest()
    var decoder = KeyDecoder()
    var model = ScreenModel(size: ScreenSize(width: Int(choice % 90) + 1, height: Int(choice / 8) + 1))
    for start in stride(from: 0, to: rest.count, by: size) {
        var keys = decoder.received(Array(rest[start..<min(start + size, rest.count)]).span)
        if choice & 1 != 0 { keys += decoder.timedOut() }
        for key in keys {
            for action in model.pressed(key) {
                if case .submit(let text) = action {
                    precondition(text.utf8.count <= InputParser.maximumTextByteCount, "more than a message")
                }
            }
        }
        let frame = model.frame()
        for row in frame.rows { precondition(isSafe(row.text), "what is typed reaches the terminal as it is") }
    }
}

private func input(_ bytes: [UInt8]) {
    var input = FuzzInput(bytes)
    let size = max(1, Int(input.byte()))
    let rest = input.rest()
    func lines(_ size: Int) -> [LineSplitter.Item] {
        var splitter = LineSplitter(maximumByteCount: 64)
        var items: [LineSplitter.Item] = []
        for start in stride(from: 0, to: rest.count, by: size) {
            splitter.received(Array(rest[start..<min(start + size, rest.count)]).span) { items.append($0) }
        }
        if let last = splitter.finished() { items.append(last) }
        return items
    }
    let items = lines(size)
    precondition(items == lines(max(1, rest.count)), "lines depend on how bytes arrive")
    // Whole, too: a line of the splitter above is short.
    let whole = String(decoding: rest, as: UTF8.self)
    let texts = items.compactMap { if case .line(let text) = $0 { text } else { nil } } + [whole]
    for text in texts {
        for parser in [InputParser(json: true), InputParser(json: false)] {
            if case .text(let said)? = parser.parse(text) {
                precondition(said.utf8.count <= InputParser.maximumTextByteCount, "more than a message")
            }
        }
    }
}
