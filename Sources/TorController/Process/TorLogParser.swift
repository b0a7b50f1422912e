import Glibc

/// Reads the lines a tor child writes to its standard output.
///
///     Nov 23 22:44:51.000 [notice] Bootstrapped 45% (requesting_descriptors): Asking for relay descriptors
struct TorLogParser {
    enum Event: Equatable, Sendable {
        case bootstrap(BootstrapStatus)
        /// tor cannot start for this reason; it exits by itself.
        case failure(TorStartFailure)
        /// Something hinders bootstrapping, such as a wrong clock.
        case warning(String)
        /// Another warning or error, in tor's own words.
        case other(String)
    }

    /// The longest line that is kept; the rest of a longer one is dropped.
    static let maximumLineByteCount = 4_096

    private var line: [UInt8] = []

    init() {}

    /// Takes bytes as they arrive and gives what the whole lines among them mean.
    mutating func received(_ bytes: Span<UInt8>) -> [Event] {
        var events: [Event] = []
        for index in bytes.indices {
            if bytes[index] == 0x0A {
                if let event = Self.parse(String(decoding: line, as: UTF8.self)) { events.append(event) }
                line.removeAll(keepingCapacity: true)
            } else if line.count < Self.maximumLineByteCount {
                line.append(bytes[index])
            }
        }
        return events
    }

    static func parse(_ line: String) -> Event? {
        guard let open = line.firstIndex(of: "["), let close = line[open...].firstIndex(of: "]") else { return nil }
        let text = line[close...].dropFirst().drop { $0 == " " }
        switch line[open...close] {
        case "[notice]": return bootstrap(text)
        case "[warn]", "[err]": return problem(text)
        default: return nil
        }
    }

    private static func bootstrap(_ text: Substring) -> Event? {
        let prefix = "Bootstrapped "
        guard text.hasPrefix(prefix), let percent = text.firstIndex(of: "%"),
            let progress = UInt8(decimal: text[text.index(text.startIndex, offsetBy: prefix.count)..<percent]),
            progress <= 100
        else { return nil }
        var tag = Substring()
        var summary = text[percent...].dropFirst()
        if let open = summary.firstIndex(of: "("), let close = summary[open...].firstIndex(of: ")") {
            tag = summary[open..<close].dropFirst()
            summary = summary[close...].dropFirst()
        }
        summary = summary.drop { $0 == ":" || $0 == " " }
        return .bootstrap(.init(progress: Int(progress), tag: String(tag), summary: String(summary)))
    }

    private static func problem(_ text: Substring) -> Event? {
        if text.contains("Address already in use") { return .failure(.addressInUse) }
        if text.contains("another Tor process is running with the same data directory")
            || text.hasPrefix("No, it's still there")
        {
            return .failure(.dataDirectoryInUse)
        }
        if text.contains("Permission denied") || text.contains("is not owned by this user")
            || text.contains("are too permissive")
        {
            return .failure(.directoryPermission)
        }
        if text.hasPrefix("Failed to parse/validate config: ") {
            return .failure(.configuration(String(text.dropFirst("Failed to parse/validate config: ".count))))
        }
        if text.hasPrefix("Unable to open configuration file") || text.hasPrefix("Reading config failed") {
            return .failure(.configuration(""))
        }
        if text.contains("No space left on device") { return .failure(.spawn(errno: ENOSPC)) }
        if text.contains("Our clock is") || text.contains("skewed time") {
            return .warning("the clock of this machine is wrong")
        }
        if text.hasPrefix("Problem bootstrapping. ") {
            return .warning(String(text.dropFirst("Problem bootstrapping. ".count)))
        }
        return text.isEmpty ? nil : .other(String(text))
    }
}
