import EventLoop
import Glibc

/// The accounts of this machine whose processes and files may be tor's: root, ours, and those that systems run tor under.
struct TorAccounts: Sendable {
    /// Debian with Ubuntu, Tails and Whonix; Fedora; Arch, Alpine, openSUSE and Nix; the BSDs.
    private static let names: Set<Substring> = ["debian-tor", "toranon", "tor", "_tor"]
    /// Debian's tor@NAME runs under `_tor-NAME` (tor-instance-create(8)).
    private static let instancePrefix = "_tor-"
    /// People's accounts begin here (UID_MIN of login.defs), and somebody may be called Tor.
    private static let firstPersonalUser: uid_t = 1_000

    let users: Set<uid_t>

    /// `passwd` is the text of a passwd(5) file.
    init(passwd: String, own: uid_t) {
        var users: Set<uid_t> = [0, own]
        for line in passwd.split(separator: "\n") {
            let fields = line.split(separator: ":", omittingEmptySubsequences: false)
            guard fields.count > 2, Self.names.contains(fields[0]) || fields[0].hasPrefix(Self.instancePrefix),
                let user = uid_t(fields[2]),
                user < Self.firstPersonalUser
            else { continue }
            users.insert(user)
        }
        self.users = users
    }

    /// Read from /etc/passwd, where the accounts of services are: the resolver of names might ask a server, and wait.
    static let ofThisMachine = TorAccounts(passwd: SystemFile.text("/etc/passwd", limit: 1 << 20) ?? "", own: geteuid())

    func include(_ owner: SocketOwner) -> Bool {
        if case .user(let user) = owner { users.contains(user) } else { false }
    }
}
