import Foundation

/// The keys of one relay, made once and kept: it takes seconds to make them, and a relay that takes seconds to start
/// misses the first vote.
struct RelayKeys {
    /// What the folder of kept keys is called; count on when their form changes.
    private static let folderName = "tor-network-keys-2"
    /// Keys are made anew after this many seconds; the certificates among them last a month and a year.
    private static let lifetime: TimeInterval = 14 * 86400

    let nickname: String
    /// The folder with what goes into `keys` of the data directory.
    let folder: URL
    /// Hex digest of the authority's identity key; nil for a relay that is no authority.
    let v3ident: String?
    /// Hex digest of the relay's identity key.
    let fingerprint: String

    /// The keys of the authorities and relays of these nicknames, from .build; one process makes them while others
    /// wait.
    static func load(authorities: [String], relays: [String]) throws -> [RelayKeys] {
        let build = TorrcTemplate.packageFolder.appending(path: ".build")
        try FileManager.default.createDirectory(at: build, withIntermediateDirectories: true)
        let kept = build.appending(path: folderName)
        let lock = open(kept.path + ".lock", O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard lock >= 0, flock(lock, LOCK_EX) == 0 else { throw TorNetworkError.system("flock \(kept.path).lock") }
        defer { close(lock) }

        let attributes = try? FileManager.default.attributesOfItem(atPath: kept.path)
        if let made = attributes?[.modificationDate] as? Date, made.timeIntervalSinceNow > -lifetime {
            return try (authorities + relays).map { try RelayKeys(nickname: $0, in: kept) }
        }
        let fresh = build.appending(path: folderName + ".new")
        try? FileManager.default.removeItem(at: fresh)
        try? FileManager.default.removeItem(at: kept)
        for nickname in authorities { try make(nickname, isAuthority: true, in: fresh) }
        for nickname in relays { try make(nickname, isAuthority: false, in: fresh) }
        try FileManager.default.moveItem(at: fresh, to: kept)
        return try (authorities + relays).map { try RelayKeys(nickname: $0, in: kept) }
    }

    private init(nickname: String, in kept: URL) throws {
        self.nickname = nickname
        folder = kept.appending(path: "\(nickname)/keys")
        let certificate = try? String(contentsOf: folder.appending(path: "authority_certificate"), encoding: .utf8)
        let line = certificate?.split(separator: "\n").first { $0.hasPrefix("fingerprint ") }
        v3ident = line?.split(separator: " ").last.map(String.init)
        // "nickname 0123 4567 …"
        let fingerprint = try String(contentsOf: kept.appending(path: "\(nickname)/fingerprint"), encoding: .utf8)
        self.fingerprint = fingerprint.split(whereSeparator: \.isWhitespace).dropFirst().joined()
    }

    private static func make(_ nickname: String, isAuthority: Bool, in folder: URL) throws {
        let data = folder.appending(path: nickname)
        let keys = data.appending(path: "keys")
        for made in [data, keys] {
            try FileManager.default.createDirectory(
                at: made, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        }
        if isAuthority {
            // No -a: without an address in its certificate an authority may be at any address.
            _ = try Executable.torGencert.run(
                ["--create-identity-key", "-m", "12", "--passphrase-fd", "0"], in: keys, input: "private network\n")
        }
        // An empty network refuses to start, so this one has an authority that nobody asks.
        let nobody = String(repeating: "A", count: 40)
        _ = try Executable.tor.run(
            [
                "--list-fingerprint", "--DataDirectory", data.path, "--Nickname", nickname, "--ORPort", "1",
                "--DirAuthority", "nobody orport=1 no-v2 v3ident=\(nobody) 127.0.0.1:1 \(nobody)", "--quiet",
            ] + Executable.torrcArguments("/dev/null"))
    }
}
