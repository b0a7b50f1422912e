import Sodium

/// The address of a v3 onion service (rend-spec-v3, section 6): base32 of public key, checksum and version.
package struct OnionAddress: Hashable, Sendable {
    /// Characters before `.onion`.
    static let serviceIDLength = 56
    private static let version: UInt8 = 3

    /// The Ed25519 public key of the service, 32 bytes.
    package let publicKey: [UInt8]
    /// 56 lower-case characters, without `.onion`.
    package let serviceID: String

    /// `<56 characters>.onion`
    package var host: String { serviceID + ".onion" }

    /// The address of the service with this key; nil when it is no Ed25519 public key.
    package init?(publicKey: [UInt8]) {
        guard publicKey.count == 32, Ed25519.isValidPoint(publicKey) else { return nil }
        self.publicKey = publicKey
        serviceID = Base32.encode(publicKey + Self.checksum(publicKey) + [Self.version])
    }

    /// Reads `HOST.onion`, in either case. Subdomains and a port are refused.
    init(_ text: some StringProtocol) throws(TorError) {
        let suffix = ".onion"
        let host = text.lowercased()
        guard host.hasSuffix(suffix) else { throw .invalidAddress(.notOnion) }
        let id = host.dropLast(suffix.count)
        guard !id.contains(".") else { throw .invalidAddress(.subdomain) }
        guard id.utf8.count == Self.serviceIDLength else { throw .invalidAddress(.length) }
        guard let bytes = Base32.decode(id), bytes.count == 35 else { throw .invalidAddress(.alphabet) }
        guard bytes[34] == Self.version else { throw .invalidAddress(.version) }
        let key = Array(bytes[..<32])
        guard Array(bytes[32..<34]) == Self.checksum(key) else { throw .invalidAddress(.checksum) }
        guard Ed25519.isValidPoint(key) else { throw .invalidAddress(.publicKey) }
        publicKey = key
        serviceID = String(id)
    }

    /// Reads `HOST.onion` or `HOST.onion:PORT`.
    package static func parse(
        _ text: some StringProtocol
    ) throws(TorError) -> (address: OnionAddress, port: UInt16?) {
        guard let colon = text.firstIndex(of: ":") else { return (try OnionAddress(text), nil) }
        let address = try OnionAddress(text[..<colon])
        guard let port = UInt16(decimal: text[text.index(after: colon)...]), port > 0 else {
            throw .invalidAddress(.port)
        }
        return (address, port)
    }

    /// Whether `host` is a name of the tor network, valid or not: its last label, after one final dot, is `onion`. Such a
    /// name is never given to the DNS (RFC 7686).
    package static func isOnionName(_ host: some StringProtocol) -> Bool {
        host.lowercased().split(separator: ".").last == "onion"
    }

    private static func checksum(_ publicKey: [UInt8]) -> [UInt8] {
        let input = Array(".onion checksum".utf8) + publicKey + [version]
        return Array(SHA3_256.hash(input)[..<2])
    }
}

extension OnionAddress: CustomStringConvertible {
    package var description: String { host }
}
