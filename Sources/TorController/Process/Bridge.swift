/// A relay that is not in the public list, for networks that block tor: one Bridge line of torrc.
///
///     [obfs4] 192.0.2.1:443 [FINGERPRINT] [cert=… iat-mode=0]
package struct Bridge: Equatable, Sendable {
    /// Bytes of a line: those with certificates and fronts have some 600.
    static let maximumByteCount = 4_096

    /// Why a line is no bridge.
    package enum ParseError: Error, Equatable, Sendable {
        case empty
        case tooLong
        /// It has line ends or other control characters: it would be more than one line of torrc.
        case characters
        /// There is no ADDRESS:PORT where one is due.
        case address
    }

    /// As torrc has it, without the word Bridge.
    let line: String
    /// The pluggable transport; nil for a bridge that speaks plain tor.
    package let transport: String?

    /// Reads a line as people are sent it, with or without the word `Bridge`. tor itself looks at the rest.
    package init(parsing text: String) throws(ParseError) {
        guard text.utf8.count <= Self.maximumByteCount else { throw .tooLong }
        guard text.utf8.allSatisfy({ $0 >= 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "#") }) else { throw .characters }
        var words = text.split(separator: " ")
        if words.first?.lowercased() == "bridge" { words.removeFirst() }
        guard let first = words.first else { throw .empty }
        let isTransport = first.utf8.allSatisfy { byte in
            (byte | 0x20 >= UInt8(ascii: "a") && byte | 0x20 <= UInt8(ascii: "z")) || byte == UInt8(ascii: "_")
                || (byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9"))
        }
        transport = isTransport ? String(first) : nil
        guard let address = isTransport ? words.dropFirst().first : first,
            address.contains(where: { $0 == "." || $0 == ":" })
        else { throw .address }
        line = words.joined(separator: " ")
    }

    /// All such programs.
    package static let programNames = Set(
        ["obfs4", "snowflake", "webtunnel"].flatMap { programs(for: $0)?.names ?? [] })

    /// The programs that speak a transport, the best first, and the Debian package of the last resort; nil for a transport that is not known.
    static func programs(for transport: String) -> (names: [String], package: String)? {
        switch transport {
        case "obfs4", "obfs3", "meek_lite": (["obfs4proxy", "lyrebird"], "obfs4proxy")
        case "snowflake": (["snowflake-client"], "snowflake-client")
        case "webtunnel": (["lyrebird", "webtunnel-client"], "lyrebird")
        default: nil
        }
    }
}

/// Why tor cannot get into its network by the bridges that were given.
package enum BridgeFailure: Equatable, Sendable {
    /// The program of a transport is not installed; `package` is that of Debian.
    case noProgram(transport: String, package: String)
    /// Nothing is known about this transport.
    case unknownTransport(String)
    /// tor does not take them; in its own words.
    case refused(String)
    /// None of them led anywhere in the time allowed; what tor says, if it does.
    case noWay(progress: Int, said: String?)
}

extension [Bridge] {
    /// The lines of torrc for these bridges.
    ///
    /// - Parameter isIncludeGiven: whether a torrc of the person's may say what is not found here.
    package func configuration(isIncludeGiven: Bool) throws(TorError) -> [String] {
        guard !isEmpty else { return [] }
        var lines = ["UseBridges 1"]
        for transport in Set(compactMap(\.transport)).sorted() {
            guard let known = Bridge.programs(for: transport) else {
                if isIncludeGiven { continue }
                throw .bridgeFailed(.unknownTransport(transport))
            }
            let path = known.names.lazy.compactMap { try? ManagedTor.find($0) }.first
            guard let path else {
                if isIncludeGiven { continue }
                throw .bridgeFailed(.noProgram(transport: transport, package: known.package))
            }
            lines.append("ClientTransportPlugin \(transport) exec \(path)")
        }
        return lines + map { "Bridge \($0.line)" }
    }
}
