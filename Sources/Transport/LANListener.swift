package import EventLoop

/// Listens on the private and link-local addresses of this machine's local networks, all at one port, and follows the
/// networks as they come and go. Whoever comes from elsewhere is turned away: a private address does not keep out what a router
/// lets in. Dropping the last reference closes it.
package final class LANListener {
    /// How often another port is picked when one that is free at one address is taken at another.
    private static let portAttempts = 16

    /// The port of all addresses.
    package private(set) var port: UInt16
    /// The addresses that are listened on, those that reach most first.
    package private(set) var places: [LocalInterface] = []
    /// Called when `places` has changed.
    package var onChange: (() -> Void)?

    /// Called each time that peers are turned away because there are no descriptors left.
    package var onExhausted: (() -> Void)?

    private let loop: EventLoop
    private let admitsOutside: Bool
    private let onAccept: (SocketStream) -> Void
    private var listeners: [IPAddress: SocketListener] = [:]
    private var watch: NetworkWatch?

    /// - Parameters:
    ///   - port: the port to use when it is free; else another one is picked.
    ///   - admitsOutside: whether connections from public addresses are taken, too: through a port of the router.
    package init(
        port: UInt16, admitsOutside: Bool = false, loop: EventLoop, onAccept: @escaping (SocketStream) -> Void
    ) throws(ListenError) {
        self.port = port
        self.loop = loop
        self.admitsOutside = admitsOutside
        self.onAccept = onAccept
        for attempt in 1... {
            do throws(ListenError) {
                try refresh()
                break
            } catch {
                close()
                guard error == .addressInUse, attempt < Self.portAttempts else { throw error }
                self.port = 0
            }
        }
        guard !places.isEmpty else { throw .addressNotAvailable }
        watch = NetworkWatch(loop: loop) { [weak self] in self?.networkChanged() }
    }

    /// Stops listening; streams that were accepted are not touched.
    package func close() {
        watch = nil
        for listener in listeners.values { listener.close() }
        listeners = [:]
        places = []
    }

    private func networkChanged() {
        let before = places
        // An address that is taken is left out; the others serve.
        try? refresh()
        if places != before { onChange?() }
    }

    /// - Throws: why the first address that cannot be listened on cannot, after all others.
    private func refresh() throws(ListenError) {
        let own = LocalInterface.ofLocalNetworks()
        for (address, listener) in listeners where !own.contains(where: { $0.address == address }) {
            listener.close()
            listeners[address] = nil
        }
        var failure: ListenError?
        for place in own where listeners[place.address] == nil {
            do throws(ListenError) {
                try listen(at: place.address)
            } catch .addressNotAvailable {
                // An IPv6 address that is still being checked for a double is told of again when it is not.
            } catch {
                failure = failure ?? error
            }
        }
        places = own.filter { listeners[$0.address] != nil }
        if let failure { throw failure }
    }

    private func listen(at address: IPAddress) throws(ListenError) {
        let listener = try SocketListener(.ip(address.description, port: port), loop: loop) { [weak self] stream in
            self?.accepted(stream)
        }
        listener.onExhausted = { [weak self] in self?.onExhausted?() }
        port = listener.localAddress.port ?? port
        listeners[address] = listener
    }

    private func accepted(_ stream: SocketStream) {
        let peer = stream.remoteAddress.flatMap { IPAddress($0) }
        guard admitsOutside || peer?.isOfLocalNetwork == true else { return stream.close() }
        onAccept(stream)
    }
}
