/// The part of TOML 1.0 that settings need: tables, bare and dotted keys, one-line strings, decimal integers, booleans,
/// comments. Everything else of TOML is an error that says so, never a guess.
///
/// The package at hand (TOMLKit) brings a C++ parser and all of Foundation, three times the program's size, for a dozen
/// flat settings.
package struct TOMLDocument: Equatable, Sendable {
    package enum Value: Equatable, Sendable {
        case string(String)
        case integer(Int64)
        case boolean(Bool)
    }

    package struct Entry: Equatable, Sendable {
        /// With the tables before it: `tor.control`.
        package var key: String
        package var value: Value
        /// From 1.
        package var line: Int
    }

    /// In the order of the text.
    package private(set) var entries: [Entry] = []

    private var keys: Set<String> = []
    private var tables: Set<String> = []

    package init(parsing text: String) throws(TOMLError) {
        var table = ""
        // CR LF is one character.
        let lines = text.split(omittingEmptySubsequences: false) { $0 == "\n" || $0 == "\r\n" }
        for (index, line) in lines.enumerated() {
            var scanner = TOMLScanner(line, number: index + 1)
            scanner.skipSpace()
            switch scanner.next {
            case nil, "#": try scanner.expectEnd()
            case "[": table = try openTable(&scanner)
            default: try readEntry(&scanner, table: table)
            }
        }
    }

    private mutating func openTable(_ scanner: inout TOMLScanner) throws(TOMLError) -> String {
        scanner.advance()
        guard scanner.next != "[" else { throw scanner.error("arrays of tables are not used here") }
        let table = try scanner.readKey()
        guard scanner.next == "]" else { throw scanner.error("the name of the table has no ] after it") }
        scanner.advance()
        try scanner.expectEnd()
        guard tables.insert(table).inserted, !keys.contains(table) else {
            throw scanner.error("\(table) is there twice")
        }
        return table
    }

    private mutating func readEntry(_ scanner: inout TOMLScanner, table: String) throws(TOMLError) {
        let name = try scanner.readKey()
        guard scanner.next == "=" else { throw scanner.error("there is no = after the key") }
        scanner.advance()
        scanner.skipSpace()
        let value = try scanner.readValue()
        try scanner.expectEnd()
        let key = table.isEmpty ? name : "\(table).\(name)"
        guard keys.insert(key).inserted, !tables.contains(key) else { throw scanner.error("\(key) is there twice") }
        entries.append(Entry(key: key, value: value, line: scanner.number))
    }
}
