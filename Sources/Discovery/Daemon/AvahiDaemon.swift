/// What is asked of an Avahi daemon over the system's bus, and what it answers: the services of one type, and each of their
/// addresses. A daemon that ends and comes back is asked anew.
package struct AvahiDaemon {
    private static let name = "org.freedesktop.Avahi"
    private static let server = "org.freedesktop.Avahi.Server"
    private static let browser = "org.freedesktop.Avahi.ServiceBrowser"
    /// Any interface, any family (avahi-common/address.h).
    private static let unspecified: Int32 = -1

    private struct Query {
        let interface: Int32
        let family: Int32
        let name: String
        let type: String
        let domain: String
    }

    private let type: String
    private var session: DBusSession
    private var queue = ResolutionQueue<Query>()
    private var asked: Set<UInt32> = []

    /// - Parameter type: of the services, such as `_http._tcp`.
    package init(type: String, userID: UInt32) {
        self.type = type
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
                guard let serial = message.replySerial, asked.remove(serial) != nil else { continue }
                queue.ended()
                if message.kind == .reply { found.append(try Self.service(of: message)) }
            case .call: break
            }
        }
        while let query = queue.next() { resolve(query) }
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
        asked = []
        queue = ResolutionQueue()
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
            guard type == self.type else { return }
            queue.heard(of: Query(interface: interface, family: family, name: name, type: type, domain: domain))
        default: break
        }
    }

    private mutating func resolve(_ query: Query) {
        var call = DBusMessage(to: Self.name, "/", Self.server, "ResolveService")
        call.signature = "iisssiu"
        var body = DBusWriter()
        body.write(query.interface)
        body.write(query.family)
        for text in [query.name, query.type, query.domain] { body.write(text) }
        body.write(query.family)
        body.write(UInt32(0))
        call.body = body.bytes
        asked.insert(session.send(call))
    }

    private static func service(of reply: DBusMessage) throws(DBusError) -> FoundService {
        guard reply.signature == "iissssisqaayu" else { throw .malformed }
        var reader = DBusReader(reply.body[...])
        let interface = try reader.readInt32()
        _ = try reader.readInt32()
        for _ in 0..<4 { _ = try reader.readString() }
        _ = try reader.readInt32()
        let address = try reader.readString()
        let port = try reader.readUInt16()
        return FoundService(
            interface: interface, address: address, port: port,
            strings: try reader.readByteArrays(limit: RoomAnnouncement.stringLimit))
    }
}
