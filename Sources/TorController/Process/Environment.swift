import EventLoop
import Glibc
import Sodium

/// The environment variables this target looks at.
enum Environment {
    static subscript(name: String) -> String? {
        guard let value = unsafe getenv(name) else { return nil }
        let text = unsafe String(cString: value)
        return text.isEmpty ? nil : text
    }

    /// A secret, copied from the environment straight into memory that is wiped.
    ///
    /// - Parameter isQuoted: whether it may stand in quotes, which do not belong to it.
    static func secret(_ name: String, isQuoted: Bool = false) -> SharedSecret? {
        guard let value = unsafe getenv(name) else { return nil }
        var bytes = unsafe UnsafeRawBufferPointer(start: value, count: strlen(value))
        let quote = UInt8(ascii: "\"")
        if isQuoted, bytes.count > 2, unsafe bytes.first == quote, unsafe bytes.last == quote {
            unsafe bytes = UnsafeRawBufferPointer(rebasing: bytes.dropFirst().dropLast())
        }
        guard unsafe !bytes.isEmpty else { return nil }
        return SharedSecret(unsafe SecretBytes(copying: bytes.bindMemory(to: UInt8.self).span))
    }

    /// The endpoint in the variables that begin with `prefix`; a socket goes before a port.
    static func endpoint(_ prefix: String) -> SocketAddress? {
        if let path = Self["\(prefix)_IPC_PATH"] { return SocketAddress(torEndpoint: "unix:\(path)") }
        guard let port = Self["\(prefix)_PORT"].flatMap({ UInt16(decimal: $0) }) else { return nil }
        let host = Self["\(prefix)_HOST"] ?? "127.0.0.1"
        return SocketAddress(torEndpoint: host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)")
    }

    private static let torPassword = "TOR_CONTROL_PASSWD"

    /// What a child gets: everything but our own variables, and passwords.
    static func forChild() -> [[CChar]] {
        var result: [[CChar]] = []
        var next = unsafe environ
        while let entry = unsafe next.pointee {
            let text = unsafe String(cString: entry)
            if !text.hasPrefix("TERMTALK_"), !text.hasPrefix("\(torPassword)=") {
                result.append(Array(text.utf8CString))
            }
            unsafe next = next.successor()
        }
        return result
    }
}

extension TorOptions {
    /// Takes over what the environment says.
    ///
    /// TERMTALK_TOR: the program of the child; TERMTALK_TOR_INCLUDE: a torrc file that the child includes;
    /// TERMTALK_TOR_PASSWORD: that of a HashedControlPassword; TERMTALK_TOR_STALL_SECONDS. And what Tails, Whonix and Tor
    /// Browser set: TOR_CONTROL_PORT, _HOST, _IPC_PATH, _PASSWD; TOR_SOCKS_PORT, _HOST, _IPC_PATH.
    package mutating func readEnvironment() {
        if let value = Environment["TERMTALK_TOR"] { program = value }
        if let value = Environment["TERMTALK_TOR_INCLUDE"] { include = value }
        // Tor Browser's form of the password is that of the control protocol, in quotes.
        password =
            Environment.secret("TERMTALK_TOR_PASSWORD") ?? Environment.secret("TOR_CONTROL_PASSWD", isQuoted: true)
        usualControl = Environment.endpoint("TOR_CONTROL")
        usualSocks = Environment.endpoint("TOR_SOCKS")
        if let seconds = Environment["TERMTALK_TOR_STALL_SECONDS"].flatMap({ UInt32(decimal: $0) }), seconds > 0 {
            stallTimeout = .seconds(Int64(seconds))
        }
    }
}
