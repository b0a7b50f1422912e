internal import EventLoop

/// What is asked of an Avahi daemon over the system's bus, and what it answers: the services of one type, and each of their
/// addresses. A daemon that ends and comes back is asked anew.
package struct AvahiDaemon {
    private static let name = "org.freedesktop.Avahi"
    private static let server = "org.freedesktop.Avahi.Server"
    private static let browser = "org.freedesktop.Avahi.ServiceBrowser"
    /// Any interface, any family (avahi-common/address.h).
    private static let unspecified: Int32 = -1
    /// Services that are asked for beside each other: of more than 128 questions the bus answers those that are too many
    /// itself. What the daemon knows it tells at once; what it has to ask the network for, it cannot be kept from.
    static let places = 100

    private struct Query {
        let interface: Int32
        let family: Int32
        let name: String
        let type: String
        let domain: String
    }

    private let type: String
    private let isWanted: (String) -> Bool
    private var session: DBusSession
    private var queue = ResolutionQueue<Query>(places: places)
    /// The number in `queue` of what each call asks for.
    private var asked: [UInt32: UInt64] = [:]

    /// - Parameters:
    ///   - type: of the services, such as `_http._tcp`.
    ///   - isWanted: whether a service of that name is looked into.
    package init(type: String, userID: UInt32, isWanted: @escaping (String) -> Bool = { _ in true }) {
        self.type = type
        self.isWanted = isWanted
        session = DBusSession(userID: userID)
    }

    /// What is to be sent to the bus.
    package mutating func takeOutput() -> [UInt8] { session.takeOutput() }

    /// Returns the addresses that were found.
    package mutating func received(_ bytes: Span<UInt8>) throws(DBusError) -> [FoundService] {
        var messages: [DBusMessage] = []
        if try session.received(bytes, messages: &messages) {
            watch()
            browse()
        }
        var found: [FoundService] = []
        for message in messages {
            switch message.kind {
            case .signal: try heard(message)
            case .reply, .error:
                guard let number = message.replySerial.flatMap({ asked.removeValue(forKey: $0) }) else { continue }
                queue.ended(number)
                if message.kind == .reply { found.append(try Self.service(of: message)) }
            case .call: break
            }
        }
        // No time passes: none can be given up.
        while let query = queue.next(at: MonotonicTime(nanoseconds: 0)) { resolve(query.service, number: query.number) }
        return found
    }

    private mutating func watch() {
        var call = DBusMessage(to: DBusSession.bus, DBusSession.busPath, DBusSession.bus, "AddMatch")
        call.signature = "s"
        var body = DBusWriter()
        body.write("type='signal',sender='\(DBusSession.bus)',member='NameOwnerChanged',arg0='\(Self.name)'")
        call.body = body.bytes
        _ = session.send(call)
    }

    private mutating func browse() {
        asked = [:]
        queue = ResolutionQueue(places: Self.places)
        var call = DBusMessage(to: Self.name, "/", Self.server, "ServiceBrowserNew")
        call.signature = "iissu"
        var body = DBusWriter()
        body.write(Self.unspecified)
        body.write(Self.unspecified)
        body.write(type)
        body.write("")
        body.write(UInt32(0))
        call.body = body.bytes
        _ = session.send(call)
    }

    private mutating func heard(_ signal: DBusMessage) throws(DBusError) {
        var reader = DBusReader(signal.body[...])
        switch (signal.interface, signal.member, signal.signature) {
        case (DBusSession.bus, "NameOwnerChanged", "sss"):
            _ = try reader.readString()
            _ = try reader.readString()
            if try !reader.readString().isEmpty { browse() }
        case (Self.browser, "ItemNew", "iisssu"):
            let interface = try reader.readInt32()
            let family = try reader.readInt32()
            let (name, type, domain) = (try reader.readString(), try reader.readString(), try reader.readString())
            guard type == self.type, isWanted(name) else { return }
            queue.heard(
                of: Query(interface: interface, family: family, name: name, type: type, domain: domain), at: interface)
        default: break
        }
    }

    private mutating func resolve(_ query: Query, number: UInt64) {
        var call = DBusMessage(to: Self.name, "/", Self.server, "ResolveService")
        call.signature = "iisssiu"
        var body = DBusWriter()
        body.write(query.interface)
        body.write(query.family)
        for text in [query.name, query.type, query.domain] { body.write(text) }
        body.write(query.family)
        body.write(UInt32(0))
        call.body = body.bytes
        asked[session.send(call)] = number
    }

    private static func service(of reply: DBusMessage) throws(DBusError) -> FoundService {
        guard reply.signature == "iissssisqaayu" else { throw .malformed }
        var reader = DBusReader(reply.body[...])
        let interface = try reader.readInt32()
        _ = try reader.readInt32()
        let name = try reader.readString()
        for _ in 0..<3 { _ = try reader.readString() }
        _ = try reader.readInt32()
        let address = try reader.readString()
        let port = try reader.readUInt16()
        return FoundService(
            name: name, interface: interface, address: address, port: port,
            strings: try reader.readByteArrays(limit: RoomAnnouncement.stringLimit))
    }
}
