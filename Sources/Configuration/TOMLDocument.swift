/// The part of TOML 1.0 that settings need: tables, bare and dotted keys, one-line strings and lists of them, decimal
/// integers, booleans, comments. Everything else of TOML is an error that says so, never a guess.
///
/// The package at hand (TOMLKit) brings a C++ parser and all of Foundation, three times the program's size, for a dozen
/// flat settings.
package struct TOMLDocument: Equatable, Sendable {
    package enum Value: Equatable, Sendable {
        case string(String)
        case integer(Int64)
        case boolean(Bool)
        case list([String])
    }

    package struct Entry: Equatable, Sendable {
        /// With the tables before it: `tor.control`.
        var key: String
        var value: Value
        /// From 1.
        var line: Int
    }

    /// In the order of the text.
    private(set) var entries: [Entry] = []

    private var keys: Set<String> = []
    private var tables: Set<String> = []

    package init(parsing text: String) throws(TOMLError) {
        var table = ""
        // CR LF is one character.
        let lines = text.split(omittingEmptySubsequences: false) { $0 == "\n" || $0 == "\r\n" }
        var rest = zip(1..., lines).makeIterator()
        while let (number, line) = rest.next() {
            var scanner = TOMLScanner(line, number: number)
            scanner.skipSpace()
            switch scanner.next {
            case nil, "#": try scanner.expectEnd()
            case "[": table = try openTable(&scanner)
            default: try readEntry(&scanner, table: table) { rest.next().map { TOMLScanner($0.1, number: $0.0) } }
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

    private mutating func readEntry(
        _ scanner: inout TOMLScanner, table: String, nextLine: () -> TOMLScanner?
    ) throws(TOMLError) {
        let line = scanner.number
        let name = try scanner.readKey()
        guard scanner.next == "=" else { throw scanner.error("there is no = after the key") }
        scanner.advance()
        scanner.skipSpace()
        let value = scanner.next == "[" ? .list(try readList(&scanner, nextLine)) : try scanner.readValue()
        try scanner.expectEnd()
        let key = table.isEmpty ? name : "\(table).\(name)"
        guard keys.insert(key).inserted, !tables.contains(key) else { throw scanner.error("\(key) is there twice") }
        entries.append(Entry(key: key, value: value, line: line))
    }

    /// `[ "a", "b" ]`, which may go over several lines.
    private func readList(
        _ scanner: inout TOMLScanner, _ nextLine: () -> TOMLScanner?
    ) throws(TOMLError) -> [String] {
        let start = scanner
        scanner.advance()
        var items: [String] = []
        var isItemDue = true
        while true {
            scanner.skipSpace()
            switch scanner.next {
            case "]":
                scanner.advance()
                return items
            case nil, "#":
                try scanner.expectEnd()
                guard let next = nextLine() else { throw start.error("the list has no end") }
                scanner = next
            case "," where !isItemDue:
                scanner.advance()
                isItemDue = true
            case _ where isItemDue:
                guard case .string(let item) = try scanner.readValue() else {
                    throw scanner.error("lists have strings only here")
                }
                items.append(item)
                isItemDue = false
            default: throw scanner.error("there is no comma between the parts of the list")
            }
        }
    }
}
