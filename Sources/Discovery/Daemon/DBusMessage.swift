/// A message of D-Bus (D-Bus Specification, "Message Protocol").
struct DBusMessage: Equatable {
    enum Kind: UInt8 {
        case call = 1
        case reply
        case error
        case signal
    }

    /// Bytes of a message that comes: a service's TXT record has at most some 9,000, as a packet of mDNS.
    static let byteLimit = 65_536
    /// Bytes by which the length of a message is known.
    static let prefixByteCount = 16
    private static let noAutoStart: UInt8 = 2

    var kind: Kind
    var serial: UInt32 = 0
    /// Of what it is the answer.
    var replySerial: UInt32?
    var path = ""
    var interface = ""
    var member = ""
    var destination = ""
    var sender = ""
    var signature = ""
    var body: [UInt8] = []

    /// A call; the service is not started for it.
    init(to destination: String, _ path: String, _ interface: String, _ member: String) {
        kind = .call
        self.destination = destination
        self.path = path
        self.interface = interface
        self.member = member
    }

    /// The whole length of the message that begins with `bytes`; nil where there are too few of them.
    static func byteCount(of bytes: ArraySlice<UInt8>) throws(DBusError) -> Int? {
        guard bytes.count >= prefixByteCount else { return nil }
        guard bytes.first == UInt8(ascii: "l") else { throw .malformed }
        var reader = DBusReader(bytes)
        _ = try reader.take(4)
        let bodyCount = Int(try reader.readUInt32())
        _ = try reader.readUInt32()
        let headerCount = prefixByteCount + (Int(try reader.readUInt32()) + 7) / 8 * 8
        guard headerCount + bodyCount <= byteLimit else { throw .tooLong }
        return headerCount + bodyCount
    }

    /// Reads a whole message. Header fields of other kinds than are known are malformed; there are none in version 1.
    init(decoding bytes: ArraySlice<UInt8>) throws(DBusError) {
        var reader = DBusReader(bytes)
        _ = try reader.readUInt8()
        guard let kind = Kind(rawValue: try reader.readUInt8()) else { throw .malformed }
        _ = try reader.readUInt8()
        guard try reader.readUInt8() == 1 else { throw .malformed }
        self.kind = kind
        let bodyCount = Int(try reader.readUInt32())
        serial = try reader.readUInt32()
        let end = Int(try reader.readUInt32()) + Self.prefixByteCount
        while reader.offset < end {
            try reader.align(to: 8)
            try readField(&reader)
        }
        guard reader.offset == end else { throw .malformed }
        try reader.align(to: 8)
        body = Array(try reader.take(bodyCount))
    }

    private mutating func readField(_ reader: inout DBusReader) throws(DBusError) {
        let code = try reader.readUInt8()
        switch (code, try reader.readSignature()) {
        case (1, "o"): path = try reader.readString()
        case (2, "s"): interface = try reader.readString()
        case (3, "s"): member = try reader.readString()
        case (5, "u"): replySerial = try reader.readUInt32()
        case (6, "s"): destination = try reader.readString()
        case (7, "s"): sender = try reader.readString()
        case (8, "g"): signature = try reader.readSignature()
        case (_, "s"), (_, "o"): _ = try reader.readString()
        case (_, "u"): _ = try reader.readUInt32()
        default: throw .malformed
        }
    }

    var encoded: [UInt8] {
        var fields = DBusWriter()
        for (code, type, text) in [
            (1, "o", path), (2, "s", interface), (3, "s", member), (6, "s", destination), (7, "s", sender),
        ] as [(UInt8, String, String)] where !text.isEmpty {
            fields.align(to: 8)
            fields.write(code)
            fields.write(signature: type)
            fields.write(text)
        }
        if let replySerial {
            fields.align(to: 8)
            fields.write(UInt8(5))
            fields.write(signature: "u")
            fields.write(replySerial)
        }
        if !signature.isEmpty {
            fields.align(to: 8)
            fields.write(UInt8(8))
            fields.write(signature: "g")
            fields.write(signature: signature)
        }
        var message = DBusWriter()
        message.append([UInt8(ascii: "l"), kind.rawValue, kind == .call ? Self.noAutoStart : 0, 1])
        message.write(UInt32(body.count))
        message.write(serial)
        message.write(UInt32(fields.bytes.count))
        // 16 bytes so far: the fields are aligned as they were on their own.
        message.append(fields.bytes)
        message.align(to: 8)
        message.append(body)
        return message.bytes
    }
}
