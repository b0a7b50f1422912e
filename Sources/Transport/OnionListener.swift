package import EventLoop
package import Sodium
package import TorController

/// A listener whose connections come through an onion service only: the socket is one that tor alone is told of.
package final class OnionListener {
    private let listener: SocketListener
    private let publication: OnionPublication

    /// Opens the kind of socket the tor of `controller` can reach, which must be ready, and publishes the service of `key`
    /// on `virtualPort` in front of it. Every connection comes from tor: its peer address says nothing.
    package init(
        controller: TorController, key: borrowing OnionKey, virtualPort: UInt16,
        options: OnionServiceOptions = OnionServiceOptions(), onAccept: @escaping (SocketStream) -> Void,
        onEvent: @escaping (OnionEvent) -> Void
    ) throws(ListenError) {
        let loop = controller.loop
        let target: OnionTarget
        switch controller.listenerKind {
        case .unix(let directory):
            // One service has one socket; part of the public address keeps two rooms apart.
            let path = "\(directory)/room-\(key.address.serviceID.prefix(16))"
            listener = try SocketListener(.unix(path: path), loop: loop, onAccept: onAccept)
            target = .unix(path: path)
        case .loopback:
            listener = try SocketListener(.ip("127.0.0.1", port: 0), loop: loop, onAccept: onAccept)
            guard let port = listener.localAddress.port else { throw .invalidAddress }
            target = .tcp(port: port)
        }
        publication = controller.publish(
            key: key, virtualPort: virtualPort, target: target, options: options, onEvent: onEvent)
    }

    /// Changes who can resolve the service; see ``OnionPublication/authorize(_:)``.
    package func authorize(_ clients: Set<X25519.PublicKey>) {
        publication.authorize(clients)
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
