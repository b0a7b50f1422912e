package import Wire

/// Where a host of a room is reached.
package enum HostPlace: Hashable, Sendable {
    case onion(OnionPlace)
    case direct(DirectPlace)

    /// A name of the DNS, or a numeric address (IPv6 without brackets and without a zone), and a port that is not 0.
    package struct DirectPlace: Hashable, Sendable {
        /// The longest name of the DNS, in bytes (RFC 1035, 2.3.4).
        static let hostByteLimit = 253

        package let host: String
        package let port: UInt16

        /// Nil for what is neither a name nor an address.
        package init?(host: String, port: UInt16) {
            guard port > 0, (1...Self.hostByteLimit).contains(host.utf8.count), host.utf8.allSatisfy(Self.isHostByte)
            else { return nil }
            self.host = host
            self.port = port
        }

        private static func isHostByte(_ byte: UInt8) -> Bool {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
                UInt8(ascii: ":"):
                true
            default: false
            }
        }
    }

    /// Places of one host: as many as an invite has addresses.
    package static let placesPerHost = 4
    /// Places that members are told of: as many addresses as one tries of a room.
    package static let listLimit = 16
    /// Bytes of such a list.
    static let listByteLimit = listLimit * (DirectPlace.hostByteLimit + 5)
}

extension ByteReader {
    package mutating func readHostPlaces(atMost limit: Int) throws(WireError) -> [HostPlace] {
        var list = ByteReader(try readVector(atMost: HostPlace.listByteLimit))
        var places: [HostPlace] = []
        while list.remaining > 0 {
            guard places.count < limit else { throw .tooLong }
            places.append(try list.readHostPlace())
        }
        return places
    }

    private mutating func readHostPlace() throws(WireError) -> HostPlace {
        switch try readUInt8() {
        case 0:
            return .onion(OnionPlace(key: try readBytes(OnionPlace.keyByteCount), port: try readUInt16()))
        case 1:
            let host = try readUTF8Vector(atMost: HostPlace.DirectPlace.hostByteLimit)
            guard let place = HostPlace.DirectPlace(host: host, port: try readUInt16()) else { throw .invalidValue }
            return .direct(place)
        default:
            throw .invalidValue
        }
    }
}

extension ByteWriter {
    package mutating func write(_ places: [HostPlace]) {
        var list = ByteWriter()
        for place in places {
            switch place {
            case .onion(let onion):
                list.write(UInt8(0))
                list.writeBytes(onion.key)
                list.write(onion.port)
            case .direct(let direct):
                list.write(UInt8(1))
                list.writeVector(Array(direct.host.utf8))
                list.write(direct.port)
            }
        }
        writeVector(list.bytes)
    }
}
