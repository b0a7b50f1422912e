import Foundation

/// A process of another user that listens where tor is looked for, lets everybody in, and keeps all that it is told.
///
/// It proves SAFECOOKIE with a cookie file of its own, and would give a room out as published.
package final class ImpostorTor {
    package enum Kind: String, CaseIterable, Sendable {
        case null = "NULL"
        case cookie = "COOKIE"
        case safeCookie = "SAFECOOKIE"
        case password = "HASHEDPASSWORD"
        case socks = "socks"
    }

    /// Where it listens on 127.0.0.1; 0 for a Unix socket.
    package let port: UInt16
    /// The socket's path.
    package let path: String?
    private let process: NobodyProcess
    private let folder: URL

    /// The bytes of the cookie file that it names, which it cannot read itself when it is `COOKIE`.
    package let cookie: [UInt8]

    /// - Parameters:
    ///   - port: where it listens on 127.0.0.1; 0 for any port.
    ///   - isUnix: whether it listens at a Unix socket instead, which everybody may connect to.
    package init(_ kind: Kind, port: UInt16 = 0, isUnix: Bool = false) throws {
        folder = URL(filePath: "/tmp/termtalk-impostor-\(UUID().uuidString.prefix(8))")
        try FileManager.default.createDirectory(
            at: folder, withIntermediateDirectories: false, attributes: [.posixPermissions: 0o755])
        cookie = (0..<32).map { _ in UInt8.random(in: 0...255) }
        let cookiePath = folder.appending(path: "cookie").path
        try Data(cookie).write(to: URL(filePath: cookiePath))
        chmod(cookiePath, kind == .cookie ? 0o600 : 0o644)
        path = isUnix ? folder.appending(path: "socket").path : nil
        if isUnix { chmod(folder.path, 0o777) }
        process = try NobodyProcess(Self.program, path ?? "\(port)", kind.rawValue, cookiePath)
        guard let listening = UInt16(try process.line()) else { throw NobodyProcess.Ended() }
        self.port = listening
    }

    deinit {
        try? FileManager.default.removeItem(at: folder)
    }

    /// Ends it, and gives all that it was told, in hexadecimal digits.
    package func heard() -> String { process.end().filter { $0.isHexDigit } }

    private static let program = """
        import hashlib, hmac, os, socket, sys, threading
        place, kind, cookie = sys.argv[1:]
        is_unix = place.startswith("/")
        listener = socket.socket(socket.AF_UNIX if is_unix else socket.AF_INET)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(place if is_unix else ("127.0.0.1", int(place)))
        if is_unix: os.chmod(place, 0o666)
        listener.listen(16)
        print(0 if is_unix else listener.getsockname()[1], flush=True)
        def mac(who, nonces):
            key = f"Tor safe cookie authentication {who} hash".encode()
            return hmac.new(key, open(cookie, "rb").read() + nonces, hashlib.sha256).hexdigest().upper()
        def answer(line):
            word = line.split(" ")[0]
            if word == "PROTOCOLINFO":
                return f'250-PROTOCOLINFO 1\\r\\n250-AUTH METHODS={kind} COOKIEFILE="{cookie}"\\r\\n250-VERSION Tor="0.4.9.11"\\r\\n250 OK'
            if word == "AUTHCHALLENGE":
                nonce = os.urandom(32)
                proof = mac("server-to-controller", bytes.fromhex(line.split(" ")[2]) + nonce)
                return f"250 AUTHCHALLENGE SERVERHASH={proof} SERVERNONCE={nonce.hex().upper()}"
            if line == "GETINFO status/bootstrap-phase":
                return '250-status/bootstrap-phase=NOTICE BOOTSTRAP PROGRESS=100 TAG=done SUMMARY="Done"\\r\\n250 OK'
            return "250 OK"
        def serve(peer):
            rest = b""
            while True:
                chunk = peer.recv(4096)
                if not chunk: return
                print(chunk.hex(), flush=True)
                if kind == "socks":
                    peer.sendall(b"\\x05\\x02" if chunk[0] == 5 and len(chunk) == 3 else b"\\x01\\x00" if chunk[0] == 1 else b"\\x05\\0\\0\\x01\\0\\0\\0\\0\\0\\0")
                    continue
                rest += chunk
                while b"\\r\\n" in rest:
                    line, rest = rest.split(b"\\r\\n", 1)
                    peer.sendall((answer(line.decode()) + "\\r\\n").encode())
        while True:
            threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()
        """
}
