import Foundation
import Testing

/// The picture of the targets in docs/architecture.md against Package.swift.
@Suite struct ArchitectureTests {
    private static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    private static func text(_ path: String) throws -> String {
        try String(contentsOf: root.appending(path: path), encoding: .utf8)
    }

    /// Lines of the picture, from top to bottom: a target, and what it imports.
    private static func picture() throws -> [(target: String, imports: [String])] {
        let section = try text("docs/architecture.md").split(separator: "## Targets\n")[1].split(separator: "\n## ")[0]
        return section.split(separator: "\n").filter { $0.hasPrefix("    ") }.compactMap { line in
            let words = line.split(separator: " ").map(String.init)
            return words.first.map { ($0, Array(words.dropFirst())) }
        }
    }

    /// The targets that are made by `library(…)`, and the program, with those among them that each depends on.
    private static func package() throws -> [String: Set<String>] {
        let text = try text("Package.swift")
        var declarations: [(name: String, rest: Substring)] = []
        for start in ["library(", ".executableTarget("] {
            for piece in text.components(separatedBy: start).dropFirst() {
                guard let end = end(of: piece) else { continue }
                let names = strings(in: piece[..<end])
                if let name = names.first { declarations.append((name, piece[..<end])) }
            }
        }
        declarations.removeAll {
            !FileManager.default.fileExists(atPath: root.appending(path: "Sources/\($0.name)").path)
        }
        let all = Set(declarations.map(\.name))
        return Dictionary(
            uniqueKeysWithValues: declarations.map { name, rest in
                (name, Set(strings(in: rest).dropFirst()).intersection(all))
            })
    }

    /// Where the parenthesis that is open before the text is closed.
    private static func end(of text: String) -> String.Index? {
        var depth = 1
        for index in text.indices {
            if text[index] == "(" { depth += 1 }
            if text[index] == ")" { depth -= 1 }
            if depth == 0 { return index }
        }
        return nil
    }

    private static func strings(in text: Substring) -> [String] {
        text.components(separatedBy: "\"").enumerated().filter { !$0.offset.isMultiple(of: 2) }.map(\.element)
    }

    @Test("Every target is in the picture with what it imports, and imports only what stands below it")
    func targets() throws {
        let picture = try Self.picture()
        let package = try Self.package()
        try #require(package.count > 15)
        #expect(Set(picture.map(\.target)) == Set(package.keys))
        for (number, line) in picture.enumerated() {
            #expect(line.imports == (package[line.target] ?? []).sorted(), "\(line.target)")
            let below = Set(picture[(number + 1)...].map(\.target))
            #expect(below.isSuperset(of: line.imports), "\(line.target) imports what stands above it")
        }
    }

    @Test("What Room and TermTalk say to people stands in their folders Words", arguments: ["Room", "TermTalk"])
    func words(target: String) throws {
        let folder = Self.root.appending(path: "Sources/\(target)")
        let paths = try #require(FileManager.default.enumerator(atPath: folder.path)).compactMap { $0 as? String }
        func hasHint(_ path: String) throws -> Bool {
            let text = try String(contentsOf: folder.appending(path: path), encoding: .utf8)
            return text.matches(of: /hint:\s*"/).isEmpty == false
        }
        let speaking = try paths.filter { try $0.hasSuffix(".swift") && hasHint($0) }
        #expect(speaking.count > 4)
        #expect(speaking.filter { !$0.hasPrefix("Words/") } == [])
    }

    @Test("It is short enough to be read")
    func length() throws {
        #expect(try Self.text("docs/architecture.md").split(whereSeparator: \.isWhitespace).count <= 1_500)
    }
}
