/// A client's side of a connection to the system's bus (D-Bus Specification, "Authentication Protocol" and "Message Bus").
struct DBusSession {
    private enum Phase {
        case authenticating
        case open
    }

    /// Bytes of the bus's answer to our greeting.
    private static let lineLimit = 1_024
    static let bus = "org.freedesktop.DBus"
    static let busPath = "/org/freedesktop/DBus"

    /// To be sent.
    private(set) var output: [UInt8]
    private var phase = Phase.authenticating
    private var input: [UInt8] = []
    private var lastSerial: UInt32 = 0

    /// - Parameter userID: whose process this is; the kernel tells the bus, too.
    init(userID: UInt32) {
        let name = String(userID).utf8.map { String($0, radix: 16) }.joined()
        output = [0] + Array("AUTH EXTERNAL \(name)\r\n".utf8)
    }

    mutating func takeOutput() -> [UInt8] {
        defer { output = [] }
        return output
    }

    /// Queues a call; returns the number that its answer names. What is queued before the bus has taken us goes out then.
    mutating func send(_ message: DBusMessage) -> UInt32 {
        lastSerial += 1
        var message = message
        message.serial = lastSerial
        output += message.encoded
        return lastSerial
    }

    /// Returns whether the bus has just taken us; from then on calls may be sent.
    mutating func received(_ bytes: Span<UInt8>, messages: inout [DBusMessage]) throws(DBusError) -> Bool {
        for index in bytes.indices { input.append(bytes[index]) }
        var hasOpened = false
        if case .authenticating = phase {
            guard let end = input.firstIndex(of: UInt8(ascii: "\n")) else {
                guard input.count < Self.lineLimit else { throw .tooLong }
                return false
            }
            guard input.starts(with: Array("OK ".utf8)) else { throw .rejected }
            input.removeFirst(end + 1)
            phase = .open
            hasOpened = true
            output += Array("BEGIN\r\n".utf8)
            _ = send(DBusMessage(to: Self.bus, Self.busPath, Self.bus, "Hello"))
        }
        var rest = input[...]
        while let count = try DBusMessage.byteCount(of: rest), count <= rest.count {
            messages.append(try DBusMessage(decoding: rest.prefix(count)))
            rest = rest.dropFirst(count)
        }
        input = Array(rest)
        return hasOpened
    }
}
