import Foundation

/// The folder of one network, locked while its process lives and removed at the end, by a later process if need be.
final class NetworkDirectory: Sendable {
    /// Short, because the path of a unix socket may have 107 bytes only.
    private static let parent = URL(filePath: "/tmp", directoryHint: .isDirectory)
    private static let prefix = "termtalk-tor-"

    let url: URL
    private let lock: Int32

    init() throws {
        Self.removeAbandoned()
        url = Self.parent.appending(path: Self.prefix + String(UInt32.random(in: .min ... .max), radix: 16))
        try FileManager.default.createDirectory(
            at: url, withIntermediateDirectories: false, attributes: [.posixPermissions: 0o700])
        guard let lock = Self.lockFolder(url) else { throw TorNetworkError.system("flock \(url.path)") }
        self.lock = lock
    }

    func remove() {
        try? FileManager.default.removeItem(at: url)
    }

    deinit {
        close(lock)
    }

    /// Removes the folders of processes that were killed. A fresh one is left alone: it may not be locked yet.
    private static func removeAbandoned() {
        let folders = try? FileManager.default.contentsOfDirectory(
            at: parent, includingPropertiesForKeys: [.creationDateKey])
        for folder in folders ?? [] where folder.lastPathComponent.hasPrefix(prefix) {
            let attributes = try? FileManager.default.attributesOfItem(atPath: folder.path)
            guard let changed = attributes?[.modificationDate] as? Date, changed.timeIntervalSinceNow < -60,
                let lock = lockFolder(folder)
            else { continue }
            try? FileManager.default.removeItem(at: folder)
            close(lock)
        }
    }

    private static func lockFolder(_ folder: URL) -> Int32? {
        let descriptor = open(folder.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            close(descriptor)
            return nil
        }
        return descriptor
    }
}
