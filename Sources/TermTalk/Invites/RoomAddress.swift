package import Chat
internal import Room
package import TorController
package import Transport

/// Where a room is reached.
package enum RoomAddress: Sendable, Hashable {
    case onion(OnionAddress, port: UInt16)
    case direct(HostPort)
    /// On a local network; nil while it is not known where.
    case lan(HostPort?)

    /// The virtual port of a room that names none.
    package static let defaultPort: UInt16 = 12_345

    /// `<56>.onion:PORT` or `HOST:PORT`, as it stands in an invite.
    package init(_ text: String) throws(ChatEvent.Notice) {
        let colon = text.lastIndex(of: ":")
        let host = colon.map { text[..<$0] } ?? text[...]
        if OnionAddress.isOnionName(host) {
            try self.init(onion: text)
        } else {
            try self.init(direct: text)
        }
    }

    /// An onion address with or without a port.
    package init(onion text: String) throws(ChatEvent.Notice) {
        let parsed: (address: OnionAddress, port: UInt16?)
        do throws(TorError) {
            parsed = try OnionAddress.parse(text)
        } catch {
            throw error.notice
        }
        self = .onion(parsed.address, port: parsed.port ?? Self.defaultPort)
    }

    /// HOST:PORT.
    package init(direct text: String) throws(ChatEvent.Notice) {
        self = .direct(try HostPort(checking: text))
    }
    /// Whether a room of this machine that listens at `other` may be the one that is reached here: the same onion
    /// service, or the same port behind whatever name or address of the machine.
    package func mayBe(_ other: RoomAddress) -> Bool {
        guard let here = hostPort, let there = other.hostPort else { return self == other }
        return here.port == there.port
    }

    package var text: String {
        switch self {
        case .onion(let address, let port): "\(address):\(port)"
        case .direct(let hostPort): hostPort.description
        case .lan(let hostPort): hostPort?.description ?? "lan"
        }
    }

    /// Where a room without tor listens; nil for an onion service.
    package var hostPort: HostPort? {
        switch self {
        case .direct(let hostPort): hostPort
        case .lan(let hostPort): hostPort
        case .onion: nil
        }
    }

    package var kind: ChatEvent.TransportKind {
        switch self {
        case .onion: .onion
        case .direct: .direct
        case .lan: .lan
        }
    }

    /// Where the onion service is; nil without tor.
    var onionPlace: OnionPlace? {
        if case .onion(let onion, let port) = self { OnionPlace(key: onion.publicKey, port: port) } else { nil }
    }

    /// The onion service at that place; nil when there can be none.
    init?(_ place: OnionPlace) {
        guard let onion = OnionAddress(publicKey: place.key), place.port > 0 else { return nil }
        self = .onion(onion, port: place.port)
    }

    /// What binds the handshake to the onion service; nil without tor.
    package var onionKey: [UInt8]? {
        switch self {
        case .onion(let address, _): address.publicKey
        case .direct, .lan: nil
        }
    }
}

extension HostPort {
    /// HOST:PORT without tor, or what to tell the person who typed it.
    ///
    /// - Parameter defaultPort: the port of a HOST alone; nil when it must be there.
    package init(checking text: String, defaultPort: UInt16? = nil) throws(ChatEvent.Notice) {
        do throws(HostPort.ParseError) {
            if let defaultPort {
                try self.init(parsing: text, defaultPort: defaultPort)
            } else {
                try self.init(parsing: text)
            }
        } catch {
            throw error.notice
        }
        guard !OnionAddress.isOnionName(host) else { throw .onionIsNotDirect }
    }
}
