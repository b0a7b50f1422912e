import Foundation
import Testing

/// A conversation with the command line as a file that can be read: commands, what is typed, what is seen.
///
///     # a comment
///     file PATH                     the indented lines below are a file in the home
///     env NAME=VALUE                for all commands below
///     home NAME                     the commands below are at home there; one home has no name
///     $ termtalk ARGUMENTS          runs to its end, and then, in this order:
///     | LINE                          what it wrote to standard output,
///     ! LINE                          and to standard error: all of it;
///     = STATUS                        how it ended, where that is not 0
///     fails CODE STATUS: ARGUMENTS  `expectFailure`
///     NAME$ termtalk ARGUMENTS      starts, and goes on beside what follows
///     NAME< LINE                    is typed
///     NAME| LINE, NAME! LINE        is waited for, behind the line before
///     NAME= STATUS                  the end is waited for
///
/// In a LINE `...` stands for any text, as the whole LINE for any lines. `{word}` stands for text without blanks, wherever it
/// is written for the same.
struct CommandScript {
    struct Failure: Error, CustomStringConvertible {
        var description: String
    }

    private final class Process {
        let process: TermTalkProcess
        var outputCount = 0
        var errorCount = 0

        init(_ process: TermTalkProcess) {
            self.process = process
        }
    }

    private let name: String
    private let lines: [String]
    private var words: [String: String] = [:]
    private var environment: [String: String] = [:]
    private var homes: [String: TestHome] = [:]
    private var home: TestHome
    private var processes: [String: Process] = [:]

    init(path: String) throws {
        name = URL(filePath: path).lastPathComponent
        lines = try String(contentsOfFile: path, encoding: .utf8).components(separatedBy: "\n")
        home = try TestHome()
        homes[""] = home
    }

    /// Paths of all scripts.
    static var all: [String] {
        let folder = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Scripts")
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
        return names.filter { $0.hasSuffix(".txt") }.sorted().map { folder.appending(path: $0).path }
    }

    mutating func run() async throws {
        var index = 0
        while index < lines.count {
            let line = lines[index]
            index += 1
            guard !line.isEmpty, !line.hasPrefix("#") else { continue }
            do {
                try await step(line, &index)
            } catch {
                throw Failure(description: "\(name):\(index): \(line): \(error)")
            }
        }
    }

    private mutating func step(_ line: String, _ index: inout Int) async throws {
        if let path = line.dropping("file ") {
            let content = following(&index) { $0.hasPrefix("    ") ? String($0.dropFirst(4)) : nil }
            let folder = URL(filePath: "\(home.path)/\(path)").deletingLastPathComponent()
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
            _ = try home.write(path, content.joined(separator: "\n") + "\n")
        } else if let assignment = line.dropping("env ") {
            let parts = assignment.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            environment[String(parts[0])] = parts.count == 2 ? String(parts[1]) : ""
        } else if let name = line.dropping("home ") {
            home = try homes[name] ?? TestHome()
            homes[name] = home
        } else if let rest = line.dropping("fails ") {
            try await fails(rest)
        } else if let command = line.dropping("$ ") {
            try await runToItsEnd(command, &index)
        } else {
            try await converse(line)
        }
    }

    private func following(_ index: inout Int, _ part: (String) -> String?) -> [String] {
        var found: [String] = []
        while index < lines.count, let text = part(lines[index]) {
            found.append(text)
            index += 1
        }
        return found
    }

    private mutating func fails(_ rest: String) async throws {
        let parts = rest.split(separator: ": ", maxSplits: 1)
        let head = parts.first?.split(separator: " ") ?? []
        guard parts.count == 2, head.count == 2, let status = Int32(head[1]) else {
            throw Failure(description: "not fails CODE STATUS: ARGUMENTS")
        }
        try await expectFailure(
            arguments("termtalk \(parts[1])"), code: String(head[0]), status: status, environment: environment,
            home: home)
    }

    private mutating func runToItsEnd(_ command: String, _ index: inout Int) async throws {
        let output = following(&index) { $0.dropping("| ") ?? ($0 == "|" ? "" : nil) }
        let errors = following(&index) { $0.dropping("! ") ?? ($0 == "!" ? "" : nil) }
        let status = following(&index) { $0.dropping("= ") }.first.map { Int32($0) } ?? 0
        let result = try await TermTalkProcess.run(try arguments(command), home: home, environment: environment)
        guard match(output[...], result.output[...]), match(errors[...], result.errors[...]), result.status == status
        else {
            let seen = result.output.map { "| \($0)" } + result.errors.map { "! \($0)" } + ["= \(result.status)"]
            throw Failure(description: "saw\n" + seen.joined(separator: "\n"))
        }
    }

    /// A line of a program that has a name.
    private mutating func converse(_ line: String) async throws {
        guard let end = line.firstIndex(where: { !$0.isLetter }) else { throw Failure(description: "no step") }
        let name = String(line[..<end])
        let text = String(line[line.index(after: end)...].drop { $0 == " " })
        if line[end] == "$" {
            let process = try TermTalkProcess(try arguments(text), home: home, environment: environment)
            processes[name] = Process(process)
            return
        }
        guard let process = processes[name] else { throw Failure(description: "nobody is called \(name)") }
        switch line[end] {
        case "<": process.process.send(try filled(text))
        case "|": process.outputCount = try await wait(text, of: process, ofErrors: false, from: process.outputCount)
        case "!": process.errorCount = try await wait(text, of: process, ofErrors: true, from: process.errorCount)
        case "=":
            let status = try await process.process.result().status
            guard Int32(text) == status else { throw Failure(description: "it ended with \(status)") }
        default: throw Failure(description: "no step")
        }
    }

    private mutating func wait(_ pattern: String, of process: Process, ofErrors: Bool, from start: Int) async throws
        -> Int
    {
        var words = words
        let number = try await process.process.line(ofErrors: ofErrors, from: start, "\"\(pattern)\"") { line in
            var found = words
            guard Self.match(pattern, line, &found) else { return false }
            words = found
            return true
        }
        self.words = words
        return number + 1
    }

    // MARK: Words

    /// A command's arguments, behind its name: split at blanks, but for what is in double quotes.
    private func arguments(_ command: String) throws -> [String] {
        var arguments: [String] = []
        var current: String?
        var isQuoted = false
        for character in try filled(command) {
            switch character {
            case "\"":
                isQuoted.toggle()
                current = current ?? ""
            case " " where !isQuoted:
                if let word = current { arguments.append(word) }
                current = nil
            default: current = (current ?? "") + String(character)
            }
        }
        if let word = current { arguments.append(word) }
        guard arguments.first == "termtalk", !isQuoted else { throw Failure(description: "no termtalk command") }
        return Array(arguments.dropFirst())
    }

    private func filled(_ text: String) throws -> String {
        var filled = text.replacingOccurrences(of: "{home}", with: home.path)
        for (word, value) in words { filled = filled.replacingOccurrences(of: "{\(word)}", with: value) }
        return filled
    }

    /// All lines, in their order.
    private mutating func match(_ patterns: ArraySlice<String>, _ lines: ArraySlice<String>) -> Bool {
        guard let pattern = patterns.first else { return lines.isEmpty }
        let saved = words
        if pattern == "..." {
            for count in 0...lines.count {
                if match(patterns.dropFirst(), lines.dropFirst(count)) { return true }
                words = saved
            }
            return false
        }
        guard let line = lines.first, Self.match(pattern, line, &words) else { return false }
        return match(patterns.dropFirst(), lines.dropFirst())
    }

    private static func match(_ pattern: String, _ line: String, _ words: inout [String: String]) -> Bool {
        var expression = ""
        var names: [String] = []
        var rest = Substring(pattern)
        while !rest.isEmpty {
            if rest.hasPrefix("...") {
                expression += ".*"
                rest = rest.dropFirst(3)
            } else if rest.hasPrefix("{"), let end = rest.firstIndex(of: "}"),
                rest[rest.startIndex..<end].dropFirst().allSatisfy(\.isLetter), rest.index(after: rest.startIndex) < end
            {
                let name = String(rest[rest.startIndex..<end].dropFirst())
                if let known = words[name] {
                    expression += NSRegularExpression.escapedPattern(for: known)
                } else if let first = names.firstIndex(of: name) {
                    expression += "\\\(first + 1)"
                } else {
                    names.append(name)
                    expression += "(\\S+)"
                }
                rest = rest[rest.index(after: end)...]
            } else {
                expression += NSRegularExpression.escapedPattern(for: String(rest.removeFirst()))
            }
        }
        guard let regex = try? NSRegularExpression(pattern: "^" + expression + "$"),
            let found = regex.firstMatch(in: line, range: NSRange(line.startIndex..., in: line))
        else { return false }
        for (number, name) in names.enumerated() {
            if let range = Range(found.range(at: number + 1), in: line) { words[name] = String(line[range]) }
        }
        return true
    }
}

extension String {
    /// What is behind `prefix`, where it begins with that.
    fileprivate func dropping(_ prefix: String) -> String? {
        hasPrefix(prefix) ? String(dropFirst(prefix.count)) : nil
    }
}
