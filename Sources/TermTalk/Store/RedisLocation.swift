package import Transport

/// Where a Redis is, and as whom it is used, as people write it: `redis://[USER@]HOST[:PORT]`, `redis+unix:PATH` or `unix:PATH`.
package struct RedisLocation: Hashable, Sendable, CustomStringConvertible {
    package enum Address: Hashable, Sendable {
        case host(HostPort)
        case unix(path: String)
    }

    /// Why a text is none.
    package enum ParseError: Error, Equatable {
        /// It begins with none of the known words.
        case otherScheme
        /// `rediss://`: this program has no TLS of its own.
        case tls
        /// There is a password in it, where everybody who lists processes reads it.
        case password
        case invalidUser
        /// A number of a database, or anything else, follows.
        case hasPath
        case invalidHost(HostPort.ParseError)
        case invalidPath
    }

    /// Where Redis listens, unless something else is said.
    static let defaultPort: UInt16 = 6_379
    /// The longest name of a user in bytes.
    static let userByteLimit = 64
    /// The longest path of a socket in bytes, as the kernel has it.
    static let pathByteLimit = 107

    let address: Address
    /// Nil for Redis' own `default`.
    let user: String?

    package init(parsing text: String) throws(ParseError) {
        for prefix in ["unix:", "redis+unix:"] where text.hasPrefix(prefix) {
            let path = String(text.dropFirst(prefix.count))
            guard !path.isEmpty, path.utf8.count <= Self.pathByteLimit, !path.utf8.contains(0) else {
                throw .invalidPath
            }
            address = .unix(path: path)
            user = nil
            return
        }
        if text.hasPrefix("rediss://") { throw .tls }
        let scheme = "redis://"
        guard text.hasPrefix(scheme) else { throw .otherScheme }
        var rest = text.dropFirst(scheme.count)
        if rest.hasSuffix("/") { rest = rest.dropLast() }
        guard !rest.contains("/"), !rest.contains("?"), !rest.contains("#") else { throw .hasPath }
        if let at = rest.lastIndex(of: "@") {
            let name = rest[..<at]
            if name.contains(":") { throw .password }
            guard !name.isEmpty, name.utf8.count <= Self.userByteLimit, name.utf8.allSatisfy(Self.isUserByte) else {
                throw .invalidUser
            }
            user = String(name)
            rest = rest[rest.index(after: at)...]
        } else {
            user = nil
        }
        do throws(HostPort.ParseError) {
            let host = try HostPort(parsing: String(rest), defaultPort: Self.defaultPort)
            guard host.port != 0 else { throw .invalidPort }
            address = .host(host)
        } catch {
            throw .invalidHost(error)
        }
    }

    /// The text that ``init(parsing:)`` reads.
    package var description: String {
        switch address {
        case .host(let host): "redis://\(user.map { $0 + "@" } ?? "")\(host)"
        case .unix(let path): "unix:\(path)"
        }
    }

    private static func isUserByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"):
            true
        default: false
        }
    }
}
