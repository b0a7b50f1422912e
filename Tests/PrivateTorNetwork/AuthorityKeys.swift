import Foundation

/// The keys of one directory authority, made once and kept: they take seconds to make.
struct AuthorityKeys {
    /// What the folder of kept keys is called; count on when their form changes.
    private static let folderName = "tor-network-keys-1"
    /// Keys are made anew after this many seconds; the certificates among them last a month and a year.
    private static let lifetime: TimeInterval = 14 * 86400

    let nickname: String
    /// The folder with what goes into `keys` of the data directory.
    let folder: URL
    /// Hex digest of the authority's identity key.
    let v3ident: String
    /// Hex digest of the relay's identity key.
    let fingerprint: String

    /// The keys of the authorities `nicknames`, from .build; one process makes them while others wait.
    static func load(_ nicknames: [String]) throws -> [AuthorityKeys] {
        let build = TorrcTemplate.packageFolder.appending(path: ".build")
        try FileManager.default.createDirectory(at: build, withIntermediateDirectories: true)
        let kept = build.appending(path: folderName)
        let lock = open(kept.path + ".lock", O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard lock >= 0, flock(lock, LOCK_EX) == 0 else { throw TorNetworkError.system("flock \(kept.path).lock") }
        defer { close(lock) }

        let attributes = try? FileManager.default.attributesOfItem(atPath: kept.path)
        if let made = attributes?[.modificationDate] as? Date, made.timeIntervalSinceNow > -lifetime {
            return try nicknames.map { try AuthorityKeys(nickname: $0, in: kept) }
        }
        let fresh = build.appending(path: folderName + ".new")
        try? FileManager.default.removeItem(at: fresh)
        try? FileManager.default.removeItem(at: kept)
        try make(nicknames, in: fresh)
        try FileManager.default.moveItem(at: fresh, to: kept)
        return try nicknames.map { try AuthorityKeys(nickname: $0, in: kept) }
    }

    private init(nickname: String, in kept: URL) throws {
        self.nickname = nickname
        folder = kept.appending(path: "\(nickname)/keys")
        let certificate = try String(contentsOf: folder.appending(path: "authority_certificate"), encoding: .utf8)
        let line = certificate.split(separator: "\n").first { $0.hasPrefix("fingerprint ") }
        guard let v3ident = line?.split(separator: " ").last else {
            throw TorNetworkError("\(folder.path): no fingerprint in authority_certificate")
        }
        self.v3ident = String(v3ident)
        // "nickname 0123 4567 …"
        let fingerprint = try String(contentsOf: kept.appending(path: "\(nickname)/fingerprint"), encoding: .utf8)
        self.fingerprint = fingerprint.split(whereSeparator: \.isWhitespace).dropFirst().joined()
    }

    private static func make(_ nicknames: [String], in folder: URL) throws {
        for nickname in nicknames {
            let data = folder.appending(path: nickname)
            let keys = data.appending(path: "keys")
            for made in [data, keys] {
                try FileManager.default.createDirectory(
                    at: made, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
            }
            // No -a: without an address in its certificate an authority may be at any address.
            _ = try Executable.torGencert.run(
                ["--create-identity-key", "-m", "12", "--passphrase-fd", "0"], in: keys, input: "private network\n")
            // An empty network refuses to start, so this one has an authority that nobody asks.
            let nobody = "nobody orport=1 no-v2 v3ident=\(String(repeating: "A", count: 40)) "
            _ = try Executable.tor.run(
                [
                    "--list-fingerprint", "--DataDirectory", data.path, "--Nickname", nickname, "--ORPort", "1",
                    "--DirAuthority", nobody + "127.0.0.1:1 \(String(repeating: "A", count: 40))",
                    "--quiet",
                ] + Executable.torrcArguments("/dev/null"))
        }
    }
}
