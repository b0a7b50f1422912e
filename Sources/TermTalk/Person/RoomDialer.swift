internal import Chat
internal import EventLoop
internal import Room
internal import Sodium
internal import TorController
internal import Transport

/// The ways to a room, and how each of them is dialed: directly, or through tor and never around it.
final class RoomDialer {
    /// Direct connections; a name that resolves slowly counts.
    private static let directTimeout = Duration.seconds(20)
    /// Through tor: descriptor, introduction and rendezvous, which take some seconds each when they work.
    private static let torTimeout = Duration.seconds(30)
    private static let torAttempts = 3
    /// An attempt that works is mostly done by then; another one is begun beside it. tor builds few circuits at once.
    private static let torStagger = Duration.seconds(12)
    /// The same of an address, with all its attempts.
    private static let addressStagger = Duration.seconds(20)

    private let options: RoomGuest.Options
    private let tor: TorController?
    private let loop: EventLoop
    private let onReached: (RoomAddress) -> Void
    private var reach = AddressReach()
    var ways: RoomWays<RoomAddress>
    /// Called after each dial that led nowhere.
    var onFailed: (() -> Void)?

    /// - Parameters:
    ///   - tor: needed for onion services; for a direct room it means to dial through it.
    ///   - random: what this member's order of addresses comes from.
    ///   - onReached: where something answered.
    init(
        _ options: RoomGuest.Options, tor: TorController?, loop: EventLoop,
        random: @escaping () -> UInt64 = Random.uint64, onReached: @escaping (RoomAddress) -> Void
    ) {
        self.options = options
        self.tor = tor
        self.loop = loop
        self.onReached = onReached
        // Where a local network has the room, is not known yet.
        let known = (options.address == .lan(nil) ? [] : [options.address]) + options.alternatives
        ways = RoomWays(known) { RoomWays.mixed($0, random: random) }
    }

    /// The room says where its hosts are, in the place of what it said before. Returns where it may be dialed from now on.
    func hear(of places: [HostPlace]) -> [RoomAddress] {
        let addresses = places.compactMap { RoomAddress($0) }.filter(mayFollow)
        ways.told(addresses)
        return addresses
    }

    /// Whoever comes to an onion service is never led to anything else; nor is anybody led into a network of its own.
    private func mayFollow(to address: RoomAddress) -> Bool {
        switch (address, options.address) {
        case (.onion, .onion): true
        // What a name means is looked at when it is dialed.
        case (.direct(let place), .direct): IPAddress(place.host).map { reach.allows($0) } ?? !place.mayBeLoopback
        default: false
        }
    }

    /// Whether one of these addresses, where the room is said to be, is news; all are tried first.
    func found(_ addresses: [RoomAddress]) -> Bool {
        guard addresses.contains(where: { !ways.contains($0) }) else { return false }
        for address in addresses.reversed() { ways.put(first: address) }
        return true
    }

    /// Something answered there.
    func reached(_ way: RoomAddress, at place: SocketAddress? = nil) {
        if let place, !ways.isHearsay(way) { reach.found(at: IPAddress(place)) }
        ways.reached(way)
        onReached(way)
    }

    /// Dials all ways that are worth while, beside each other.
    func dial() -> MemberNode.Dial {
        let dial = way()
        return { [weak self] completion in
            dial { result in
                if case .failure = result { self?.onFailed?() }
                completion(result)
            }
        }
    }

    private func way() -> MemberNode.Dial {
        let loop = self.loop
        switch (options.address, tor) {
        case (.onion, let tor?), (.direct, let tor?):
            return { [weak self, options] completion in
                StaggeredDial<RoomAddress, ChatEvent.Notice>(
                    self?.ways.next() ?? [options.address], stagger: Self.addressStagger, loop: loop
                ) { address, completion in
                    Self.dial(address, invite: options.invite, by: tor, completion)
                } completion: { result in
                    if case .success(let connection) = result { self?.reached(connection.way) }
                    completion(result.map(\.stream))
                }
            }
        case (.direct, nil):
            return { [weak self] completion in
                let ways = (self?.ways.next() ?? []).compactMap(\.hostPort)
                return DirectDialer.dial(ways, loop: loop, timeout: Self.directTimeout) { host, place in
                    self?.mayDial(place, of: host) ?? false
                } completion: { result in
                    if case .success(let connection) = result {
                        self?.reached(.direct(connection.address), at: connection.place)
                    }
                    completion(result.map(\.stream).mapError { $0.notice })
                }
            }
        case (.lan, _):
            return { [weak self, options] completion in
                let known = self?.ways.next().first?.hostPort
                return LANDial(
                    room: options.room, known: known, loop: loop,
                    isWorthWhile: { self?.ways.isWorthWhile(.lan($0)) ?? false }
                ) { result in
                    if case .success(let connection) = result { self?.reached(.lan(connection.address)) }
                    completion(result.map(\.stream))
                }
            }
        case (.onion, nil):
            preconditionFailure("an onion room is dialed through tor only")
        }
    }

    /// Whether a name may be dialed at an address that it has.
    func mayDial(_ place: SocketAddress, of host: HostPort) -> Bool {
        !ways.isHearsay(.direct(host)) || IPAddress(place).map { reach.allows($0) } ?? false
    }

    private static func dial(
        _ address: RoomAddress, invite: Invite?, by tor: TorController,
        _ completion: @escaping (Result<any ByteStream, ChatEvent.Notice>) -> Void
    ) -> any Cancellable {
        let dialer = OnionDialer(controller: tor)
        guard case .onion(let onion, let port) = address else {
            guard let place = address.hostPort else {
                preconditionFailure("a room in a local network is not dialed through tor")
            }
            return throughTor(tor, late: .connectionTimeout, completion) { _, completion in
                dialer.dial(host: place.host, port: place.port, timeout: torTimeout, completion: completion)
            }
        }
        let dial = {
            // tor tries the introduction points of a service that is gone for as long as it is asked to.
            throughTor(tor, late: .onionUnreachable(.introductionTimedOut), completion) { isRepeated, completion in
                if isRepeated { tor.refreshDescriptor(of: onion) }
                return dialer.dial(onion, port: port, timeout: torTimeout, completion: completion)
            }
        }
        guard let invite, invite.isAuthorized else { return dial() }
        return AuthorizedDial(onion, secret: invite.secret, tor: tor, start: dial) { completion(.failure($0.notice)) }
    }

    /// A dial that uses fresh circuits at each attempt; `late` is what it means that none of them had an answer.
    private static func throughTor(
        _ tor: TorController, late: TorError,
        _ completion: @escaping (Result<any ByteStream, ChatEvent.Notice>) -> Void,
        _ dial: @escaping (_ isRepeated: Bool, @escaping (Result<any ByteStream, TorError>) -> Void) -> any Cancellable
    ) -> any Cancellable {
        StaggeredDial<Int, TorError>(
            Array(1...torAttempts), stagger: torStagger, loop: tor.loop, isFinal: { $0 != .connectionTimeout }
        ) { number, attempt in
            dial(number > 1, attempt)
        } completion: { result in
            completion(result.map(\.stream).mapError { ($0 == .connectionTimeout ? late : $0).notice })
        }
    }
}
