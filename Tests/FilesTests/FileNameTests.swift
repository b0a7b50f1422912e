import Foundation
import TestSupport
import Testing

@testable import Files

@Suite struct FileNameTests {
    @Test(
        "Names of all kinds become safe ones",
        arguments: [
            ("holiday.jpg", "holiday.jpg"), ("../../etc/passwd", "_.._etc_passwd"), ("/etc/shadow", "_etc_shadow"),
            ("C:\\Windows\\a.txt", "C__Windows_a.txt"), (".bashrc", "bashrc"), ("-rf", "rf"), ("~root", "root"),
            ("a\nb\u{1B}[31m", "a b[31m"), ("photo\u{202E}gpj.exe", "photogpj.exe"), ("CON", "_CON"),
            ("con.txt", "_con.txt"), ("COM1.log", "_COM1.log"), ("LPT¹", "_LPT¹"), ("COMB", "COMB"), ("", "file"),
            ("...", "file"), ("   ", "file"), ("a. . .", "a"), ("photo.jpg          .exe", "photo.jpg .exe"),
            ("a\u{200B}b\u{FEFF}c\u{AD}", "abc"), ("\u{301}.x", "x"), (".\u{301}x", "x"), ("名前.txt", "名前.txt"),
            ("a\u{E000}\u{E0041}", "a"), ("tab\there", "tab here"), ("nul ", "_nul"), ("a*?\"<>|b", "a______b"),
        ])
    func names(_ offered: String, _ safe: String) {
        #expect(FileName(offered).text == safe)
        #expect(FileName(safe).text == safe)
    }

    @Test(
        "Composed and decomposed letters are the same name, whatever stands between",
        arguments: [
            ("cafe\u{301}.txt", "caf\u{E9}.txt"), ("e\u{200D}\u{301}", "\u{E9}"),
            ("\u{1112}\u{1161}\u{11AB}", "\u{D55C}"),
            ("\u{212B}", "\u{C5}"), ("a\u{301}\u{327}\u{302}\u{303}\u{304}", "\u{E1}\u{327}\u{302}\u{303}"),
        ])
    func composed(_ offered: String, _ safe: String) {
        #expect(Array(FileName(offered).text.unicodeScalars) == Array(safe.unicodeScalars))
        #expect(Array(FileName(safe).text.unicodeScalars) == Array(safe.unicodeScalars))
    }

    @Test("A name that is too long is cut, and keeps its extension")
    func long() {
        let name = FileName(String(repeating: "é", count: 300) + ".tar")
        #expect(name.text.hasSuffix("é.tar"))
        #expect(name.text.utf8.count <= FileName.maximumByteCount && name.text.utf8.count > 230)
        #expect(FileName("a." + String(repeating: "x", count: 300)).text.utf8.count <= FileName.maximumByteCount)
        #expect(name.numbered(12).utf8.count <= 255)
    }

    @Test("A name that is taken gets a number before its extension")
    func numbered() {
        #expect(FileName("a.txt").numbered(0) == "a.txt")
        #expect(FileName("a.txt").numbered(2) == "a (2).txt")
        #expect(FileName("a").numbered(1) == "a (1)")
    }

    @Test(
        "What looks like something else is said",
        arguments: [
            ("photo.jpg .exe", true), ("photo\u{202E}gpj.exe", true), ("a.html", true), ("photo.jpg.zip", true),
            ("photo.jpg", false), ("backup.tar.gz", false), ("a\u{200B}.txt", true), ("noext", false),
        ])
    func remarks(_ offered: String, _ isRemarked: Bool) {
        #expect((FileName(offered).remark != nil) == isRemarked)
    }

    @Test("The big list of naughty strings, and paths that a zip would have")
    func naughty() throws {
        let list = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "NaughtyStrings/blns.txt")
        let lines = try String(contentsOf: list, encoding: .utf8).split(separator: "\n").map(String.init)
        let paths = [
            "../../../../etc/cron.d/x", "..\\..\\x", "/root/.ssh/authorized_keys", "a/../../b", "./.", "..", "/", "//",
            "C:", "\\\\host\\share", "x/" + String(repeating: "../", count: 80) + "y", "a\0b", "nul", "aux.c",
        ]
        #expect(lines.count > 500)
        for offered in lines + paths {
            let name = FileName(offered).text
            #expect(!name.isEmpty && name.utf8.count <= FileName.maximumByteCount, "\(offered)")
            #expect(!name.contains("/") && !name.contains("\\") && name != "..", "\(offered)")
            #expect(!name.unicodeScalars.contains { $0.properties.generalCategory == .control }, "\(offered)")
            #expect(!name.unicodeScalars.contains { $0.properties.generalCategory == .format }, "\(offered)")
            #expect(![".", "-", "~", " "].contains(name.unicodeScalars.first), "\(offered)")
            #expect(FileName(name).text == name, "\(offered)")
        }
    }

    @Test("Random names become safe ones, which do not change when they are made safe again")
    func properties() {
        let special: [Unicode.Scalar] = [
            " ", ".", "-", "~", "/", "\\", "\u{301}", "\u{200D}", "\u{202E}", "\n", "\u{A0}", "\u{3000}", "\u{FE0F}",
            "C", "O",
            "N", "1", "a", "\u{1F469}", "\u{E0041}", "\u{E000}",
        ]
        var random = SeededRandom(seed: 16)
        for _ in 0..<3_000 {
            var offered = String.UnicodeScalarView()
            for _ in 0..<random.below(random.below(8) == 0 ? 300 : 12) {
                let any = Unicode.Scalar(UInt32(random.below(0x11_0000))) ?? "b"
                offered.append(random.below(2) == 0 ? special[random.below(special.count)] : any)
            }
            let name = FileName(String(offered)).text
            #expect(!name.isEmpty && name.utf8.count <= FileName.maximumByteCount)
            #expect(!name.utf8.contains { $0 < 0x20 || $0 == 0x2F || $0 == 0x7F })
            #expect(![".", "-", "~", " "].contains(name.unicodeScalars.first))
            let again = FileName(name).text
            #expect(Array(again.utf8) == Array(name.utf8), "\(offered.map { String($0.value, radix: 16) })")
        }
    }
}
