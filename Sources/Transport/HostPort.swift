/// A host and a port as people write them: `1.2.3.4:5`, `[::1]:5`, `name:5`.
package struct HostPort: Hashable, Sendable, CustomStringConvertible {
    /// The longest host name of the DNS, in bytes (RFC 1035, 2.3.4, without the final dot).
    package static let maximumHostByteCount = 253

    /// A numeric address (IPv6 without brackets) or a name; not empty.
    package let host: String
    /// The port.
    package let port: UInt16

    /// Why a text is no ``HostPort``.
    package enum ParseError: Error, Equatable {
        /// There is no `:port`, or the port is empty.
        case missingPort
        /// The port is not a decimal number up to 65535.
        case invalidPort
        /// The host is empty, too long, or has characters that neither a name nor an address has.
        case invalidHost
        /// An IPv6 address stands without brackets, so that the port cannot be told apart.
        case missingBrackets
        /// A link-local IPv6 address without the interface that it is at (RFC 4007, 11).
        case missingZone
        /// An IPv4 address written as an IPv6 one (`::ffff:192.0.2.1`), which not every socket takes.
        case mappedIPv4
    }

    /// A host and a port that are known to be good.
    package init(host: String, port: UInt16) {
        self.host = host
        self.port = port
    }

    /// Reads `text`. A port of 0 is accepted: to listeners it means any.
    package init(parsing text: String) throws(ParseError) {
        guard let colon = text.lastIndex(of: ":"), !text.hasSuffix("]") else { throw .missingPort }
        let digits = text[text.index(after: colon)...].utf8
        let host = text[..<colon]
        if host.contains(":"), !host.hasPrefix("[") { throw .missingBrackets }
        guard !digits.isEmpty else { throw .missingPort }
        guard digits.count <= 5, digits.allSatisfy({ UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 }),
            let port = UInt16(Substring(digits))
        else { throw .invalidPort }
        self.host = String(try Self.checkedHost(host))
        self.port = port
    }

    /// Reads `text`, in which the port may be missing. An IPv6 address without brackets is one without a port, unless its end
    /// may be meant as one: `::1:80`.
    package init(parsing text: String, defaultPort: UInt16) throws(ParseError) {
        do throws(ParseError) {
            try self.init(parsing: text)
        } catch .missingPort where !text.hasSuffix(":") {
            try self.init(parsing: "\(text):\(defaultPort)")
        } catch .missingBrackets where !Self.mayEndWithPort(text) {
            try self.init(parsing: "[\(text)]:\(defaultPort)")
        } catch {
            throw error
        }
    }

    /// The text that ``init(parsing:)`` reads.
    package var description: String {
        host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
    }

    private static func mayEndWithPort(_ text: String) -> Bool {
        guard let colon = text.lastIndex(of: ":"), IPAddress(String(text[..<colon])) != nil else { return false }
        return text[colon...].dropFirst().utf8.allSatisfy { UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 }
    }

    private static func checkedHost(_ text: Substring) throws(ParseError) -> Substring {
        let host: Substring
        let isBracketed = text.hasPrefix("[")
        if isBracketed {
            guard text.hasSuffix("]") else { throw .invalidHost }
            host = text.dropFirst().dropLast()
            guard host.contains(":") else { throw .invalidHost }
        } else {
            host = text
        }
        if isBracketed, let address = IPAddress(String(host)) {
            if address.scope == .linkLocal, address.zone == nil { throw .missingZone }
            if address.isMappedIPv4 { throw .mappedIPv4 }
        }
        let bytes = host.utf8
        guard !bytes.isEmpty, bytes.count <= maximumHostByteCount else { throw .invalidHost }
        guard bytes.allSatisfy(isBracketed ? isAddressByte : isNameByte) else { throw .invalidHost }
        return host
    }

    /// Letters, digits, `-`, `.` and the underscore that some local names have.
    private static func isNameByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"):
            true
        default: false
        }
    }

    /// Also `:`, and `%` before the scope of a link-local address.
    private static func isAddressByte(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: ":") || byte == UInt8(ascii: "%") || isNameByte(byte)
    }
}
