import Testing

@testable import Configuration

@Suite struct TOMLDocumentTests {
    private func values(_ text: String) throws -> [String: TOMLDocument.Value] {
        Dictionary(uniqueKeysWithValues: try TOMLDocument(parsing: text).entries.map { ($0.key, $0.value) })
    }

    @Test("What settings need")
    func document() throws {
        let text = """
            # a comment
            nick = "ad\\u00E4"   # another
            plain=true
            \ttor.mode = 'auto'
            [host]
            ttl = "2h\\n"
            max-members = 1_000
            port = -5\r

            [a.b]
            c = +0
            """
        #expect(
            try values(text) == [
                "nick": .string("adä"), "plain": .boolean(true), "tor.mode": .string("auto"),
                "host.ttl": .string("2h\n"), "host.max-members": .integer(1000), "host.port": .integer(-5),
                "a.b.c": .integer(0),
            ])
        #expect(try TOMLDocument(parsing: text).entries.map(\.line) == [2, 3, 4, 6, 7, 8, 11])
        #expect(try values("") == [:])
        let list = try TOMLDocument(parsing: "a = []\nb = [ \"x\", # one\n\n  'y' ,\n] # end\nc = 1")
        #expect(list.entries.map(\.value) == [.list([]), .list(["x", "y"]), .integer(1)])
        #expect(list.entries.map(\.line) == [1, 2, 6])
        #expect(try values("e = ''\nf = \"\"") == ["e": .string(""), "f": .string("")])
    }

    @Test(
        "What is not understood is an error, with its line",
        arguments: [
            "a", "a =", "a = ", "= 1", "a = 1 2", "a = \"x", "a = 'x", "a = \"\\q\"", "a = \"\\u12\"",
            "a = \"\\uD800\"", "a = 01", "a = 1__0", "a = _1", "a = 1_", "a = 0x10", "a = 1.5", "a = 1979-05-27",
            "a = [1]", "a = [", "a = [\"x\" \"y\"]", "a = [,]", "a = [[\"x\"]]", "a = [\"x\"] b", "a = {b = 1}",
            "a = \"\"\"x\"\"\"", "a = '''x'''", "\"a\" = 1", "[a", "[[a]]", "[a] b", "[]",
            "a. = 1", ".a = 1", "a = true false", "a = 99999999999999999999", "a = \"\u{7}\"", "a = True", "ä = 1",
        ])
    func malformed(_ line: String) throws {
        #expect(throws: TOMLError.self) { try TOMLDocument(parsing: line) }
        do throws(TOMLError) {
            _ = try TOMLDocument(parsing: "ok = 1\n\n\(line)\n")
        } catch {
            #expect(error.line == 3)
        }
    }

    @Test("Nothing is there twice", arguments: ["a = 1\na = 2", "[a]\n[a]", "a.b = 1\n[a]\nb = 2", "a = 1\n[a]"])
    func duplicates(_ text: String) {
        #expect(throws: TOMLError.self) { try TOMLDocument(parsing: text) }
    }
}
