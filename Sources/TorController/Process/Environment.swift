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
    static func secret(_ name: String) -> SharedSecret? {
        guard let value = unsafe getenv(name) else { return nil }
        let count = unsafe strlen(value)
        guard count > 0 else { return nil }
        let bytes = unsafe UnsafeRawBufferPointer(start: value, count: count)
        return SharedSecret(unsafe SecretBytes(copying: bytes.bindMemory(to: UInt8.self).span))
    }

    /// What a child gets: everything but our own variables, one of which is a password.
    static func forChild() -> [[CChar]] {
        var result: [[CChar]] = []
        var next = unsafe environ
        while let entry = unsafe next.pointee {
            let text = unsafe String(cString: entry)
            if !text.hasPrefix("TERMTALK_") { result.append(Array(text.utf8CString)) }
            unsafe next = next.successor()
        }
        return result
    }
}

extension TorOptions {
    /// Takes over what the environment says: TERMTALK_TOR (program of the child), TERMTALK_TOR_INCLUDE (torrc file the
    /// child includes), TERMTALK_TOR_PASSWORD (of a HashedControlPassword), TERMTALK_TOR_STALL_SECONDS.
    package mutating func readEnvironment() {
        if let value = Environment["TERMTALK_TOR"] { program = value }
        if let value = Environment["TERMTALK_TOR_INCLUDE"] { include = value }
        if let value = Environment.secret("TERMTALK_TOR_PASSWORD") { password = value }
        if let seconds = Environment["TERMTALK_TOR_STALL_SECONDS"].flatMap({ UInt32(decimal: $0) }), seconds > 0 {
            stallTimeout = .seconds(Int64(seconds))
        }
    }
}
