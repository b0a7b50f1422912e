package import EventLoop
import Glibc

extension SocketAddress {
    /// Bytes of the longest path of a Unix socket, without its final zero.
    static let maximumPathByteCount = 107

    /// Reads where a tor listens: `PATH`, `unix:PATH`, `ADDRESS:PORT` or `[V6]:PORT`, with `localhost` for 127.0.0.1. Nil
    /// when the text is none of these; no name is resolved.
    package init?(torEndpoint text: some StringProtocol) {
        if text.hasPrefix("unix:") || text.utf8.contains(UInt8(ascii: "/")) {
            let path = text.hasPrefix("unix:") ? String(text.dropFirst(5)) : String(text)
            guard !path.isEmpty, path.utf8.count <= Self.maximumPathByteCount, !path.utf8.contains(0) else {
                return nil
            }
            self = .unix(path: path)
            return
        }
        guard let colon = text.lastIndex(of: ":"),
            let port = UInt16(decimal: text[text.index(after: colon)...]), port > 0
        else { return nil }
        let host = String(text[..<colon])
        if host.hasPrefix("["), host.hasSuffix("]") {
            let literal = String(host.dropFirst().dropLast())
            var address = in6_addr()
            guard unsafe inet_pton(AF_INET6, literal, &address) == 1 else { return nil }
            self = .ip(literal, port: port)
        } else {
            let literal = host == "localhost" ? "127.0.0.1" : host
            var address = in_addr()
            guard unsafe inet_pton(AF_INET, literal, &address) == 1 else { return nil }
            self = .ip(literal, port: port)
        }
    }

    /// What tor has written with ControlPortWriteToFile; the first of its listeners.
    ///
    ///     PORT=127.0.0.1:9051
    ///     UNIX_PORT=/run/tor/control
    package init?(controlPortFile text: String) {
        for line in text.split(separator: "\n") {
            let parts = line.split(separator: "=", maxSplits: 1)
            guard parts.count == 2 else { continue }
            let value = parts[0] == "UNIX_PORT" ? "unix:\(parts[1])" : parts[0] == "PORT" ? String(parts[1]) : ""
            guard let address = SocketAddress(torEndpoint: value) else { continue }
            self = address.dialable
            return
        }
        return nil
    }

    /// The address a client dials when a listener is bound to all addresses.
    var dialable: SocketAddress {
        switch self {
        case .ip("0.0.0.0", let port): .ip("127.0.0.1", port: port)
        case .ip("::", let port): .ip("::1", port: port)
        default: self
        }
    }
}

extension FixedWidthInteger where Self: UnsignedInteger {
    /// Reads plain decimal digits: no sign, no space, no more digits than the type can hold.
    init?(decimal text: some StringProtocol) {
        guard !text.isEmpty, text.utf8.count <= 20 else { return nil }
        var value: Self = 0
        for byte in text.utf8 {
            guard byte >= 0x30, byte <= 0x39 else { return nil }
            let (product, overflow) = value.multipliedReportingOverflow(by: 10)
            let (sum, carry) = product.addingReportingOverflow(Self(byte - 0x30))
            guard !overflow, !carry else { return nil }
            value = sum
        }
        self = value
    }
}

extension SocketAddress {
    /// Listeners that are tried, of what `GETINFO net/listeners/socks` lists: nobody has more SOCKS ports.
    static let maximumListenerCount = 16

    /// The listeners of this machine in the value of `GETINFO net/listeners/socks`, TCP before Unix: every user may use
    /// TCP. Where a stream goes is secret, so it goes nowhere else in plain text.
    ///
    ///     "127.0.0.1:9050" "unix:/run/tor/socks"
    static func listeners(in value: String) -> [SocketAddress] {
        guard let words = try? ControlArguments(value).positional else { return [] }
        let addresses = words.compactMap { SocketAddress(torEndpoint: $0)?.dialable }.filter(\.isOfThisMachine)
        return Array(
            (addresses.filter { $0.port != nil } + addresses.filter { $0.port == nil }).prefix(maximumListenerCount))
    }

    /// Whether it is a loopback address or a Unix socket.
    var isOfThisMachine: Bool {
        switch self {
        case .unix: true
        case .ip(let host, _): host == "::1" || host.hasPrefix("127.")
        }
    }
}
