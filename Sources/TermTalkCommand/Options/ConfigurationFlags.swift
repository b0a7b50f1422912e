import ArgumentParser
internal import Chat
internal import Configuration
import Glibc
internal import TermTalk

/// Where the configuration file is.
struct ConfigurationFlags: ParsableArguments {
    /// A file of settings is a page of text.
    private static let byteLimit = 1_048_576

    @Option(help: ArgumentHelp("The configuration file.", valueName: "FILE"), completion: .file())
    var config: String?

    /// The file that is read when there is one.
    static var standardPath: String {
        let base = unsafe getenv("XDG_CONFIG_HOME").map { unsafe String(cString: $0) } ?? ""
        // XDG Base Directory Specification: a relative path counts as not set.
        return (base.hasPrefix("/") ? base : "\(UserDirectories().home)/.config") + "/termtalk/config.toml"
    }

    /// What file and environment say.
    func settings() throws(ChatEvent.Notice) -> Settings {
        try Settings(file: try text()) { name in unsafe getenv(name).map { unsafe String(cString: $0) } }
    }

    /// The text of the file; nil when none was named and there is none.
    func text() throws(ChatEvent.Notice) -> String? {
        let descriptor = unsafe open(config ?? Self.standardPath, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            if config == nil, errno == ENOENT || errno == ENOTDIR { return nil }
            throw Self.unreadable(errno == ENOENT ? "there is no such file" : "it cannot be opened")
        }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = unsafe chunk.withUnsafeMutableBytes { unsafe read(descriptor, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw Self.unreadable("it cannot be read") }
            guard count > 0 else { break }
            bytes += chunk[..<count]
            guard bytes.count <= Self.byteLimit else { throw Self.unreadable("it is too large") }
        }
        guard let text = String(validating: bytes, as: UTF8.self) else { throw Self.unreadable("it is not UTF-8") }
        return text
    }

    private static func unreadable(_ reason: String) -> ChatEvent.Notice {
        .init(
            .configUnreadable, "the configuration file cannot be read: \(reason)",
            hint: "check --config, or the permissions of the file")
    }
}
