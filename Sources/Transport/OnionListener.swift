package import EventLoop
package import Sodium
package import TorController

/// A listener whose connections come through an onion service only: the socket is one that tor alone is told of.
package final class OnionListener {
    private let listener: SocketListener
    private let publication: OnionPublication

    /// Opens the kind of socket the tor of `controller` can reach, which must be ready, and publishes the service of `key`
    /// on `virtualPort` in front of it, or listens at `place` where the person says that tor can reach us: there exactly, or where
    /// this machine does not have that address on all that it has. Every connection comes from tor: its peer address says nothing.
    package init(
        controller: TorController, key: borrowing OnionKey, virtualPort: UInt16, place: SocketAddress? = nil,
        options: OnionServiceOptions = OnionServiceOptions(), onAccept: @escaping (SocketStream) -> Void,
        onEvent: @escaping (OnionEvent) -> Void
    ) throws(ListenError) {
        let loop = controller.loop
        let target: OnionTarget
        switch (controller.listenerKind, place) {
        case (_, let place?):
            listener = try Self.listen(at: place, loop: loop, onAccept: onAccept)
            target = .given(place)
        case (.elsewhere, nil):
            throw .addressNotAvailable
        case (.unix(let directory), nil):
            // One service has one socket; part of the public address keeps two rooms apart.
            let path = "\(directory)/room-\(key.address.serviceID.prefix(16))"
            listener = try SocketListener(.unix(path: path), loop: loop, onAccept: onAccept)
            target = .unix(path: path)
        case (.loopback, nil):
            listener = try SocketListener(.ip("127.0.0.1", port: 0), loop: loop, onAccept: onAccept)
            guard let port = listener.localAddress.port else { throw .invalidAddress }
            target = .tcp(port: port)
        }
        publication = controller.publish(
            key: key, virtualPort: virtualPort, target: target, options: options, onEvent: onEvent)
    }

    private static func listen(
        at place: SocketAddress, loop: EventLoop, onAccept: @escaping (SocketStream) -> Void
    ) throws(ListenError) -> SocketListener {
        do throws(ListenError) {
            return try SocketListener(place, loop: loop, onAccept: onAccept)
        } catch .addressNotAvailable {
            guard case .ip(let host, let port) = place else { throw .addressNotAvailable }
            return try SocketListener(
                .ip(host.contains(":") ? "::" : "0.0.0.0", port: port), loop: loop, onAccept: onAccept)
        }
    }

    /// Changes who can resolve the service; see ``OnionPublication/authorize(_:)``.
    package func authorize(_ clients: Set<X25519.PublicKey>) {
        publication.authorize(clients)
    }

    /// Whether the service is flooded; see ``OnionPublication/isUnderAttack``.
    package var isUnderAttack: () -> Bool {
        get { publication.isUnderAttack }
        set { publication.isUnderAttack = newValue }
    }

    /// Called each time that peers are turned away because there are no descriptors left.
    package var onExhausted: (() -> Void)? {
        get { listener.onExhausted }
        set { listener.onExhausted = newValue }
    }

    /// The address members dial.
    package var address: OnionAddress { publication.address }

    /// Takes the service down and stops listening; streams that were accepted are not touched.
    package func close() {
        publication.remove()
        listener.close()
    }
}
