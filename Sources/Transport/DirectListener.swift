package import EventLoop
import Glibc

/// A listener at the addresses of a direct room. Dropping the last reference closes it.
package final class DirectListener {
    /// How often another port is picked when one that is free for one family is taken for the other.
    private static let portAttempts = 16

    private struct Place {
        let asked: HostPort
        let listener: SocketListener
    }

    private let places: [Place]

    /// The numeric addresses behind what the user typed, to listen on exactly these. `[::]` stands for all addresses of
    /// both families. Blocks while a name is resolved.
    package static func addresses(of hostPort: HostPort) -> Result<[SocketAddress], DialError> {
        if IPAddress(hostPort.host).map({ $0.isIPv6 && $0.scope == .unspecified }) == true {
            return .success([.ip("::", port: hostPort.port), .ip("0.0.0.0", port: hostPort.port)])
        }
        return DirectNameResolver.addresses(ofHost: hostPort.host, port: hostPort.port).map { Array($0.prefix(1)) }
    }

    /// Listens at all of `places`: what was asked for, and its numeric addresses.
    package init(
        _ places: [(asked: HostPort, addresses: [SocketAddress])], loop: EventLoop,
        onAccept: @escaping (SocketStream) -> Void
    ) throws(ListenFailure) {
        var opened: [Place] = []
        for place in places {
            do throws(ListenError) {
                opened += try Self.listen(at: place.addresses, loop: loop, onAccept: onAccept)
                    .map { Place(asked: place.asked, listener: $0) }
            } catch {
                throw ListenFailure(asked: place.asked, error: error)
            }
        }
        self.places = opened
    }

    /// Called each time that peers are turned away because there are no descriptors left.
    package var onExhausted: (() -> Void)? {
        didSet { for place in places { place.listener.onExhausted = onExhausted } }
    }

    /// Stops listening; streams that were accepted are not touched.
    package func close() {
        for place in places { place.listener.close() }
    }

    /// The addresses in use, with the ports that were picked.
    package var localAddresses: [SocketAddress] { places.map(\.listener.localAddress) }

    /// The addresses that peers dial: what the user typed, and in place of a wildcard the machine's widest address of that
    /// family that is not loopback, or loopback on a machine that has no other.
    package var shownAddresses: [HostPort] {
        let shown = places.compactMap { place -> HostPort? in
            let port = place.listener.localAddress.port ?? place.asked.port
            guard let address = IPAddress(place.listener.localAddress), address.scope == .unspecified else {
                return HostPort(host: place.asked.host, port: port)
            }
            return Self.widestAddress(isIPv6: address.isIPv6).map { HostPort(host: $0.description, port: port) }
        }
        guard shown.isEmpty, let last = places.last else { return shown }
        let isIPv6 = IPAddress(last.listener.localAddress)?.isIPv6 == true
        return [.init(host: isIPv6 ? "::1" : "127.0.0.1", port: last.listener.localAddress.port ?? last.asked.port)]
    }

    private static func listen(
        at addresses: [SocketAddress], loop: EventLoop, onAccept: @escaping (SocketStream) -> Void
    ) throws(ListenError) -> [SocketListener] {
        for attempt in 1... {
            var listeners: [SocketListener] = []
            do throws(ListenError) {
                for address in addresses {
                    // Both families get the port that was picked for the first.
                    let address = address.withPort(ifZero: listeners.first?.localAddress.port)
                    do throws(ListenError) {
                        listeners.append(try SocketListener(address, loop: loop, onAccept: onAccept))
                    } catch .addressNotAvailable where addresses.count > 1 && address != addresses.last {
                        // A machine without IPv6.
                    }
                }
                return listeners
            } catch {
                guard error == .addressInUse, addresses.first?.port == 0, attempt < portAttempts else { throw error }
            }
        }
        throw .addressInUse
    }

    private static func widestAddress(isIPv6: Bool) -> IPAddress? {
        let addresses = LocalInterface.all().filter { !$0.isLoopback && $0.address.isIPv6 == isIPv6 }.map(\.address)
        return addresses.first { $0.scope == .global } ?? addresses.first { $0.scope != .linkLocal }
    }
}

/// Which address of several could not be listened on, and why.
package struct ListenFailure: Error {
    let asked: HostPort
    package let error: ListenError
}

extension SocketAddress {
    fileprivate func withPort(ifZero port: UInt16?) -> SocketAddress {
        guard case .ip(let host, 0) = self, let port else { return self }
        return .ip(host, port: port)
    }
}
