import Glibc

/// The torrc of a tor of our own.
struct TorChildConfiguration {
    /// Where it finds its guards and the consensus of the last time; nil for nowhere.
    let dataDirectory: String?
    /// Of its way into the network: bridges, a proxy.
    let wayLines: [String]
    /// The path of a torrc file that comes last.
    let include: String?
    /// Whether tor starts programs, for the transports of bridges: then there is no sandbox.
    let startsPrograms: Bool
    /// Whether tor is asked to give up all system calls that it does not need; not every tor can.
    var isSandboxed: Bool

    init(dataDirectory: String?, wayLines: [String], include: String?, startsPrograms: Bool) {
        self.dataDirectory = dataDirectory
        self.wayLines = wayLines
        self.include = include
        self.startsPrograms = startsPrograms
        isSandboxed = !startsPrograms
    }

    /// What stands in the file, for a child whose sockets are in the folder.
    func text(in folder: String) -> String {
        var lines = [
            "DataDirectory \(QuotedString.escape((dataDirectory ?? "\(folder)/data").utf8))",
            "ControlPort unix:\(folder)/control",
            "SocksPort unix:\(folder)/socks ExtendedErrors",
            "CookieAuthentication 1",
            "__OwningControllerProcess \(getpid())",
            "Log notice stdout",
            "SafeLogging 1",
            "AvoidDiskWrites \(dataDirectory == nil ? 1 : 0)",
            "DormantCanceledByStartup 1",
            "GeoIPFile /dev/null",
            "GeoIPv6File /dev/null",
            "NoExec \(startsPrograms ? 0 : 1)",
            "Sandbox \(isSandboxed ? 1 : 0)",
        ]
        lines += wayLines
        if let include { lines.append("%include \(QuotedString.escape(include.utf8))") }
        return lines.joined(separator: "\n") + "\n"
    }
}
