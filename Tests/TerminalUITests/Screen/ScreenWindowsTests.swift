import Chat
import Testing

@testable import TerminalUI

@Suite struct ScreenWindowsTests {
    private static let now = Moment(seconds: 1_700_000_000, date: "2026-11-24", weekday: "Tuesday", time: "09:05")

    /// Somebody called zzz777 in two rooms with alice; the second one is seen.
    private func two(width: Int = 80) throws -> ScreenWindows {
        var windows = ScreenWindows(size: ScreenSize(width: width, height: 12))
        windows.heard(try Sample.joined(expires: nil), in: 1, at: Self.now)
        windows.open(2)
        _ = windows.show(2)
        windows.heard(try Sample.joined(expires: nil), in: 2, at: Self.now)
        _ = windows.frame()
        return windows
    }

    private func rows(_ windows: ScreenWindows) -> [String] {
        var windows = windows
        return windows.frame().rows.map(\.text)
    }

    private func bar(_ windows: ScreenWindows) -> String { rows(windows)[10] }

    @Test func aRoomsWordsAreInItsWindowOnly() throws {
        var windows = try two()
        windows.heard(try Sample.message("for the first"), in: 1, at: Self.now)
        #expect(!rows(windows).contains { $0.contains("for the first") })
        _ = windows.pressed(.window(1))
        #expect(rows(windows).contains { $0.contains("for the first") })
        // What is typed stays in its window, too.
        _ = windows.pressed(.text("half a line"))
        _ = windows.pressed(.window(2))
        #expect(!rows(windows).contains { $0.contains("half a line") })
        _ = windows.pressed(.text("other"))
        let other = windows.pressed(.enter)
        #expect(other == [.submit("other")])
        _ = windows.pressed(.window(1))
        let half = windows.pressed(.enter)
        #expect(half == [.submit("half a line")])
    }

    @Test func theBarTellsWhatIsNewElsewhere() throws {
        var windows = try two()
        #expect(bar(windows).hasPrefix(" 1 alice  [2 alice] | "))
        windows.heard(try Sample.message("one"), in: 1, at: Self.now)
        windows.heard(try Sample.message("two"), in: 1, at: Self.now)
        #expect(bar(windows).hasPrefix(" 1 alice:2  [2 alice] | "))
        #expect(windows.title.hasSuffix(" [+2]"))
        let silent = windows.takeBell()
        #expect(!silent)
        windows.heard(try Sample.message("zzz777: hey"), in: 1, at: Self.now)
        #expect(bar(windows).hasPrefix(" 1 alice:3!  [2 alice] | "))
        let rings = windows.takeBell()
        #expect(rings)
        windows.heard(.closed(.ttl), in: 1, at: Self.now)
        #expect(bar(windows).hasPrefix(" 1 alice:3!x  [2 alice] | "))
        windows.heard(.room(.topic("tea")), in: 2, at: Self.now)
        #expect(
            windows.list == [
                "1:3!x r1, hosted by alice, 3 new", "[2] r1, hosted by alice, topic: tea",
            ])
        // Seen is seen, and what is said in the window that is seen is not new.
        _ = windows.show(1)
        windows.heard(try Sample.message("four"), in: 1, at: Self.now)
        #expect(bar(windows).hasPrefix(" [1 alice]  2 alice | "))
        _ = windows.frame()
        _ = windows.show(2)
        #expect(bar(windows).hasPrefix(" 1 alice:x  [2 alice] | "))
    }

    @Test("However narrow, where one is comes before the rest", arguments: [20, 40, 60, 250])
    func narrow(_ width: Int) throws {
        var windows = try two(width: width)
        for _ in 0..<3 { windows.heard(try Sample.message("zzz777: hey"), in: 1, at: Self.now) }
        let row = windows.frame().rows[10]
        #expect(
            row.text.hasPrefix(width < 60 ? " 1:3! [2]" : " 1 alice:3!  [2 alice]") && row.width == width,
            "\(row.text)")
    }

    @Test("Hosts are known by their nicks, which are cut, and never by what is none")
    func namesOfHosts() throws {
        var windows = try two(width: 200)
        let host = try Sample.id("abc234")
        windows.heard(.nickChanged(id: host, oldNick: "alice", nick: "maximiliana"), in: 1, at: Self.now)
        #expect(bar(windows).hasPrefix(" 1 maximilia…  [2 alice] | "))
        windows.heard(.nickChanged(id: host, oldNick: "alice", nick: "x 2:9!"), in: 2, at: Self.now)
        #expect(bar(windows).hasPrefix(" 1 maximilia…  [2 abc234] | "))
        windows.heard(.memberLeft(id: host, nick: "x", reason: .quit, count: 1), in: 2, at: Self.now)
        #expect(bar(windows).hasPrefix(" 1 maximilia…  [2] | "))
    }

    @Test func oneWindowHasNoMarks() throws {
        var windows = ScreenWindows(size: ScreenSize(width: 80, height: 12))
        windows.heard(try Sample.joined(expires: nil), in: 1, at: Self.now)
        #expect(!bar(windows).contains("[1]"))
        windows.close(1)
        #expect(windows.numbers == [1])
    }

    @Test func asManyAsThereAreDigits() throws {
        var windows = ScreenWindows(size: ScreenSize(width: 80, height: 12))
        for number in 2...ScreenWindows.maximumCount {
            #expect(windows.freeNumber == number)
            windows.open(number)
        }
        #expect(windows.freeNumber == nil)
        for (number, exists) in [(9, true), (10, false), (0, false), (9, true)] {
            let isShown = windows.show(number)
            #expect(isShown == exists)
        }
        windows.close(9)
        #expect(windows.shown == 8)
        windows.close(4)
        #expect(windows.shown == 8 && windows.freeNumber == 4)
        _ = windows.pressed(.window(4))
        #expect(windows.shown == 8)
        _ = windows.pressed(.window(1))
        windows.close(1)
        #expect(windows.shown == 2)
    }

    @Test func everyWindowHasTheSizeOfTheTerminal() throws {
        var windows = try two()
        windows.resized(to: ScreenSize(width: 40, height: 8))
        for number in [1, 2] {
            _ = windows.show(number)
            #expect(rows(windows).count == 8)
        }
    }

    @Test("Before there is a room the bar says so, and of nobody that it is connected")
    func notThereYet() throws {
        var windows = try two()
        windows.open(3)
        _ = windows.show(3)
        #expect(bar(windows).contains("not there yet") && !bar(windows).contains("connected"))
        windows.ask("Does the host say the same?", in: 3, at: Self.now)
        _ = windows.show(1)
        #expect(bar(windows).contains("3!"))
    }

    @Test(
        arguments: [
            ("/join r1 --direct 127.0.0.1:1", .join(["r1", "--direct", "127.0.0.1:1"])),
            ("/join", .usage("/join INVITE|ROOM [OPTIONS]")),
            (#"/host --room "a b" --ttl 5m"#, .host(["--room", "a b", "--ttl", "5m"])), ("/host", .host([])),
            ("/window 3", .window(3)), ("/window", .window(nil)), ("/window x", .usage("/window N, or /window")),
            ("/close", .close), ("/close 1", .usage("/close")),
        ] as [(String, ChatInput)])
    func commands(_ line: String, _ input: ChatInput) {
        #expect(InputParser(json: false).parse(line) == input)
    }
}
