import Foundation
import TestSupport

/// What programs did to the files of a directory, as trace.c has written it down.
struct DiskTrace {
    enum Action {
        case write(file: Int, offset: Int, bytes: [UInt8])
        case resize(file: Int, size: Int)
        case sync(file: Int?)
        case name(file: Int, path: String)
        case folder(String)
        case rename(from: String, to: String)
        case remove(String)
        case said(String)
    }

    private(set) var actions: [Action] = []
    private(set) var fileCount = 0

    init(reading path: String) throws {
        let bytes = [UInt8](try Data(contentsOf: URL(filePath: path)))
        // An inode can be used again by another file.
        var files: [UInt64: Int] = [:]
        var rest = bytes[...]
        while rest.count >= 25 {
            let kind = rest[rest.startIndex]
            let numbers = (0..<3).map { index in
                rest.dropFirst(1 + 8 * index).prefix(8).reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
            }
            let content = Array(rest.dropFirst(25).prefix(Int(numbers[2])))
            rest = rest.dropFirst(25 + Int(numbers[2]))
            let text = String(decoding: content, as: UTF8.self)
            let offset = Int(numbers[1])
            switch (UnicodeScalar(kind), files[numbers[0]]) {
            case ("W", .some(let file)): actions.append(.write(file: file, offset: offset, bytes: content))
            case ("T", .some(let file)): actions.append(.resize(file: file, size: offset))
            case ("S", let file): actions.append(.sync(file: file))
            case ("N", _):
                files[numbers[0]] = fileCount
                actions.append(.name(file: fileCount, path: text))
                fileCount += 1
            case ("M", _): actions.append(.folder(text))
            case ("R", _):
                let names = text.split(separator: "\0").map(String.init)
                if names.count == 2 { actions.append(.rename(from: names[0], to: names[1])) }
            case ("U", _): actions.append(.remove(text))
            case ("A", _): actions.append(.said(text))
            default: throw Unknown(kind: kind)
            }
        }
    }

    struct Unknown: Error {
        let kind: UInt8
    }

    // MARK: A power cut

    /// What becomes of writes that were not synced.
    enum Fate: CaseIterable {
        case lost, kept, torn
    }

    /// What was said before a power cut after so many actions.
    func said(before end: Int) -> [String] {
        actions[..<end].flatMap { action -> [String] in
            if case .said(let text) = action { text.split(separator: "\n").map(String.init) } else { [] }
        }
    }

    /// Makes the directory as it is after a power cut. Of each file at least what was synced is there; of later writes each sector of
    /// 512 bytes may be there or not, whatever their order. Names are as they were at any moment since the last sync of any file,
    /// as ext4's one journal keeps them.
    func makeDisk(after end: Int, at root: String, _ fate: Fate, _ random: inout SeededRandom) throws {
        let lastSync = actions[..<end].lastIndex { if case .sync = $0 { true } else { false } } ?? 0
        var names = Names()
        for (index, action) in actions[..<end].enumerated() {
            if index > lastSync, fate == .lost || fate == .torn && random.below(3) == 0 { break }
            names.apply(action)
        }
        for folder in names.folders.sorted() {
            try FileManager.default.createDirectory(
                atPath: "\(root)/\(folder)", withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        }
        for (path, file) in names.files {
            let disk = DiskFile(actions[..<end], file: file, fate, &random)
            let handle = open("\(root)/\(path)", O_WRONLY | O_CREAT | O_EXCL, 0o600)
            disk.bytes.withUnsafeBytes { _ = Glibc.write(handle, $0.baseAddress, $0.count) }
            ftruncate(handle, disk.size)
            close(handle)
        }
    }

    private struct Names {
        var files: [String: Int] = [:]
        var folders: Set<String> = []

        mutating func apply(_ action: Action) {
            switch action {
            case .name(let file, let path): files[path] = file
            case .folder(let path): folders.insert(path)
            case .remove(let path):
                files[path] = nil
                folders.remove(path)
            case .rename(let from, let to):
                let moved = { (path: String) in
                    path == from || path.hasPrefix(from + "/") ? to + path.dropFirst(from.count) : path
                }
                files = Dictionary(uniqueKeysWithValues: files.map { (moved($0.key), $0.value) })
                folders = Set(folders.map(moved))
            case .write, .resize, .sync, .said: break
            }
        }
    }
}

/// A file after a power cut.
private struct DiskFile {
    private static let sectorByteCount = 512

    private(set) var bytes: [UInt8] = []
    private(set) var size = 0

    init(_ actions: ArraySlice<DiskTrace.Action>, file: Int, _ fate: DiskTrace.Fate, _ random: inout SeededRandom) {
        let synced = actions.lastIndex { if case .sync(file) = $0 { true } else { false } } ?? -1
        var pending: [DiskTrace.Action] = []
        for (index, action) in actions.enumerated() where Self.isOf(action, file) {
            if index < synced { apply(action) } else { pending.append(action) }
        }
        switch fate {
        case .lost: return
        case .kept: for action in pending { apply(action) }
        case .torn: tear(pending, &random)
        }
    }

    private static func isOf(_ action: DiskTrace.Action, _ file: Int) -> Bool {
        switch action {
        case .write(file, _, _), .resize(file, _): true
        default: false
        }
    }

    private mutating func apply(_ action: DiskTrace.Action) {
        switch action {
        case .write(_, let offset, let content):
            let end = offset + content.count
            if bytes.count < end { bytes += [UInt8](repeating: 0, count: end - bytes.count) }
            bytes.replaceSubrange(offset..<end, with: content)
            size = max(size, end)
        case .resize(_, let length):
            if bytes.count > length { bytes.removeLast(bytes.count - length) }
            size = length
        default: break
        }
    }

    /// Each sector is as after some of the actions, and so is the size. Only that a file was made shorter is in the file system's
    /// journal: it has happened for all sectors or for none, and what was written afterwards is not there without it.
    private mutating func tear(_ pending: [DiskTrace.Action], _ random: inout SeededRandom) {
        var versions = [self]
        for action in pending {
            var next = versions[versions.count - 1]
            if case .resize(_, let length) = action, length < next.size {
                guard random.below(2) == 0 else { break }
                for index in versions.indices { versions[index].apply(action) }
                continue
            }
            next.apply(action)
            versions.append(next)
        }
        size = versions[random.below(versions.count)].size
        let end = versions.map(\.bytes.count).max() ?? 0
        bytes = [UInt8](repeating: 0, count: end)
        for start in stride(from: 0, to: end, by: Self.sectorByteCount) {
            let version = versions[random.below(versions.count)].bytes
            guard start < version.count else { continue }
            let sector = start..<min(start + Self.sectorByteCount, version.count)
            bytes.replaceSubrange(sector, with: version[sector])
        }
        if bytes.count > size { bytes.removeLast(bytes.count - size) }
    }
}
