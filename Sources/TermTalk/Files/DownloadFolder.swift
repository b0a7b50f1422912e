import Glibc

/// Where received files go: the folder that the person names, or else the one for downloads (xdg-user-dirs).
enum DownloadFolder {
    enum Failure: Error, Equatable {
        /// There is no folder for downloads, and none was named.
        case none
        case unusable(errno: Int32)
    }

    /// Bytes of user-dirs.dirs that are read: it has some ten lines.
    private static let configurationByteLimit = 65_536

    /// The folder, open; made when it was named and is not there.
    static func open(_ named: String?) throws(Failure) -> (folder: OpenDescriptor, path: String) {
        let home = UserDirectories().home
        guard let path = named.map({ expanded($0, home: home) }) ?? ofDownloads(home: home) else { throw .none }
        if named != nil { unsafe mkdir(path, 0o700) }
        guard let folder = OpenDescriptor(unsafe Glibc.open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) else {
            throw .unusable(errno: errno)
        }
        return (folder, path)
    }

    /// `~/` at the beginning stands for the home.
    static func expanded(_ path: String, home: String) -> String {
        path == "~" ? home : path.hasPrefix("~/") ? home + path.dropFirst() : path
    }

    private static func ofDownloads(home: String) -> String? {
        let variable = unsafe getenv("XDG_CONFIG_HOME").map { unsafe String(cString: $0) }
        let base = variable.flatMap { $0.hasPrefix("/") ? $0 : nil } ?? "\(home)/.config"
        if let text = content(of: "\(base)/user-dirs.dirs"), let path = path(in: text, home: home) { return path }
        let usual = "\(home)/Downloads"
        var status = stat()
        return unsafe stat(usual, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR ? usual : nil
    }

    /// What user-dirs.dirs says, which is a script for shells and is not run: `XDG_DOWNLOAD_DIR="$HOME/…"` or `"/…"`, with
    /// `\` before `"`, `$`, `\` and a backquote. Anything else counts for nothing, as does the home itself.
    static func path(in text: String, home: String) -> String? {
        var found: String?
        for line in text.split(separator: "\n") {
            guard let value = line.trimmingPrefix(while: \.isWhitespace).wholeMatch(of: /XDG_DOWNLOAD_DIR="(.*)"\s*/)?.1
            else { continue }
            found = unquoted(value, home: home)
        }
        return found
    }

    private static func unquoted(_ value: Substring, home: String) -> String? {
        var rest = value
        var path = ""
        if rest.hasPrefix("$HOME/") {
            rest = rest.dropFirst(5)
            path = home
        }
        guard rest.hasPrefix("/") else { return nil }
        while let character = rest.popFirst() {
            switch character {
            case "\\":
                guard let next = rest.popFirst(), ["\"", "$", "\\", "`"].contains(next) else { return nil }
                path.append(next)
            case "\"", "$", "`": return nil
            default: path.append(character)
            }
        }
        while path.hasSuffix("/") { path.removeLast() }
        return path.isEmpty || path == home ? nil : path
    }

    private static func content(of path: String) -> String? {
        guard
            let file = OpenDescriptor(unsafe Glibc.open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK))
        else { return nil }
        var buffer = [UInt8](repeating: 0, count: configurationByteLimit)
        let count = unsafe buffer.withUnsafeMutableBytes { unsafe read(file.number, $0.baseAddress, $0.count) }
        guard count > 0 else { return nil }
        return String(validating: buffer[..<count], as: UTF8.self)
    }
}
