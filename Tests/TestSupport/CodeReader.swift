import Foundation

/// Reads QR codes out of the cells of a terminal with zbar, which stands for the reader of a phone.
package enum CodeReader {
    private static let program = "/usr/bin/zbarimg"
    /// Pixels of a module.
    private static let scale = 4
    /// Modules around the code that the terminal's background shows.
    private static let border = 4

    package static var isAvailable: Bool { FileManager.default.isExecutableFile(atPath: program) }

    package struct NotACell: Error {
        package var character: Character
    }

    /// The text of the code that the rows show; empty when there is none to be read.
    ///
    /// - Parameters:
    ///   - rows: block characters, where spaces at the end may be missing.
    ///   - areLettersLight: whether what is drawn is light and the ground is dark.
    package static func read(_ rows: [String], areLettersLight: Bool) throws -> String {
        let path = NSTemporaryDirectory() + "termtalk-\(UUID().uuidString).pbm"
        try picture(rows, areLettersLight: areLettersLight).write(toFile: path, atomically: false, encoding: .utf8)
        defer { try? FileManager.default.removeItem(atPath: path) }
        let process = Process()
        process.executableURL = URL(filePath: program)
        process.arguments = ["--quiet", "--raw", "--nodbus", path]
        let output = Pipe()
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        try process.run()
        let data = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return String(decoding: data, as: UTF8.self).trimmingCharacters(in: .newlines)
    }

    /// A picture in the format PBM, in which 1 is black.
    private static func picture(_ rows: [String], areLettersLight: Bool) throws -> String {
        let columns = rows.map(\.count).max() ?? 0
        var pixels: [[Bool]] = []
        for row in rows {
            let cells = try row.map(halves) + Array(repeating: (false, false), count: columns - row.count)
            pixels += [cells.map(\.0), cells.map(\.1)]
        }
        let side = [Bool](repeating: false, count: border)
        let edge = [[Bool]](repeating: Array(repeating: false, count: columns + 2 * border), count: border)
        let all = edge + pixels.map { side + $0 + side } + edge
        var text = "P1\n\((columns + 2 * border) * scale) \(all.count * scale)\n"
        for line in all {
            let digits = line.map { String(repeating: $0 == areLettersLight ? "0 " : "1 ", count: scale) }.joined()
            text += String(repeating: digits + "\n", count: scale)
        }
        return text
    }

    private static func halves(_ cell: Character) throws -> (Bool, Bool) {
        switch cell {
        case "█": (true, true)
        case "▀": (true, false)
        case "▄": (false, true)
        case " ": (false, false)
        default: throw NotACell(character: cell)
        }
    }
}
