/// The proxy through which the own tor goes into its network, where nothing else leads out:
/// `socks5://[USER:PASSWORD@]HOST:PORT`, or `http://…` for one that does CONNECT.
package struct TorProxy: Equatable, Sendable {
    /// Bytes of the text; name and password have at most 255 each (RFC 1929).
    static let maximumByteCount = 1_024
    private static let maximumPartByteCount = 255

    private enum Kind: String {
        case socks5, http
    }

    package enum ParseError: Error, Equatable, Sendable {
        /// It begins neither with socks5:// nor with http://.
        case scheme
        /// There is no HOST:PORT where one is due.
        case address
        /// One of name and password is missing, too long, or has characters that torrc cannot hold.
        case credentials
    }

    private let kind: Kind
    private let address: String
    private let user: (name: String, password: String)?

    /// Whether it has a password, which is nothing for a command line.
    package var hasPassword: Bool { user != nil }
    /// Without name and password.
    package var shown: String { "\(kind.rawValue)://\(address)" }

    package init(parsing text: String) throws(ParseError) {
        let parts = text.split(separator: "://", maxSplits: 1, omittingEmptySubsequences: false)
        guard text.utf8.count <= Self.maximumByteCount, parts.count == 2, let kind = Kind(rawValue: String(parts[0]))
        else { throw .scheme }
        self.kind = kind
        let at = parts[1].lastIndex(of: "@")
        let place = at.map { parts[1][parts[1].index(after: $0)...] } ?? parts[1]
        guard let colon = place.lastIndex(of: ":"), colon > place.startIndex,
            UInt16(place[place.index(after: colon)...]).map({ $0 > 0 }) == true,
            place.utf8.allSatisfy({ Self.addressBytes.contains($0) })
        else { throw .address }
        address = String(place)
        user = try at.map { at throws(ParseError) in
            let names = parts[1][..<at].split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
            guard names.count == 2, names.allSatisfy({ 1...Self.maximumPartByteCount ~= $0.utf8.count }),
                // A line of torrc: what stands in it is not quoted there.
                names.joined().utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "#") })
            else { throw .credentials }
            return (String(names[0]), String(names[1]))
        }
    }

    package static func == (left: TorProxy, right: TorProxy) -> Bool { left.configuration == right.configuration }

    /// The lines of torrc.
    var configuration: [String] {
        switch kind {
        case .socks5:
            ["Socks5Proxy \(address)"]
                + (user.map { ["Socks5ProxyUsername \($0.name)", "Socks5ProxyPassword \($0.password)"] } ?? [])
        case .http:
            ["HTTPSProxy \(address)"] + (user.map { ["HTTPSProxyAuthenticator \($0.name):\($0.password)"] } ?? [])
        }
    }

    /// Those of names, of IPv4 addresses, and of IPv6 ones in brackets.
    private static let addressBytes = Set(
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._:[]".utf8)
}
