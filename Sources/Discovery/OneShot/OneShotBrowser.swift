internal import EventLoop
import Glibc
internal import Sodium
internal import Transport

/// A `OneShotSearch` on each local network, for as long as it lives. Answers come at once, and however much others say to
/// everybody; a firewall that lets in port 5353 only keeps them out.
final class OneShotBrowser {
    /// When it is asked: a host that has just begun tells where its room is after a second only (RFC 6762, 8.1).
    private static let moments = [0, 250, 500, 750, 1_000, 1_500, 2_500, 4_000].map { Duration.milliseconds($0) }
    /// Addresses that are asked from.
    private static let placeLimit = 16
    private static let port: UInt16 = 5353

    private final class Place {
        let socket: DatagramSocket
        let group: SocketAddress
        var search: OneShotSearch

        init(_ socket: DatagramSocket, group: SocketAddress, search: OneShotSearch) {
            (self.socket, self.group, self.search) = (socket, group, search)
        }

        func ask(_ packets: [[UInt8]]) {
            for packet in packets { socket.send(packet, to: group) }
        }
    }

    private let found: (FoundService) -> Void
    private var places: [Place] = []
    private var timers: [TimerHandle] = []

    /// - Parameter isWanted: whether a service of that name is looked into.
    init(
        type: String, networks: [LocalInterface], loop: EventLoop, isWanted: @escaping (String) -> Bool,
        found: @escaping (FoundService) -> Void
    ) {
        self.found = found
        for network in networks.prefix(Self.placeLimit) {
            let interface = unsafe Int32(bitPattern: if_nametoindex(network.name))
            let index = places.count
            let socket = DatagramSocket(at: .ip(network.address.description, port: 0), loop: loop) { [weak self] in
                self?.received($0, at: index)
            }
            guard interface > 0, let socket else { continue }
            let group = network.address.isIPv6 ? "ff02::fb%\(network.name)" : "224.0.0.251"
            let search = OneShotSearch(
                type: type, interface: interface, number: UInt16(truncatingIfNeeded: Random.uint64()),
                isWanted: isWanted)
            places.append(Place(socket, group: .ip(group, port: Self.port), search: search))
        }
        timers = Self.moments.map { moment in
            loop.schedule(after: moment) { [weak self] in
                for place in self?.places ?? [] { place.ask(place.search.questions) }
            }
        }
    }

    deinit {
        for timer in timers { timer.cancel() }
    }

    private func received(_ packet: [UInt8], at index: Int) {
        let place = places[index]
        guard let answer = try? place.search.received(packet) else { return }
        place.ask(answer.questions)
        for service in answer.found { found(service) }
    }
}
