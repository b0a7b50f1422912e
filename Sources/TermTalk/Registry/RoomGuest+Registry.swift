internal import Chat
internal import EventLoop
internal import Sodium
internal import TorController
internal import Transport

/// What a registry says is a hint of where to look, from whoever knows the room's id. Whom to trust it does not say: that is the invite's
/// word, or the person's.
extension RoomGuest {
    func find(by search: RegistrySearch) {
        guard search.isThroughTor else { return ask(search, through: nil) }
        startTor(search.tor) { [weak self] in
            if let self, let tor = self.tor { self.ask(search, through: tor) }
        }
    }

    private func ask(_ search: RegistrySearch, through tor: TorController?) {
        guard lookup == nil else { return }
        lookedAt = loop.time
        lookup = RoomLookup(
            options.room, access: search.access, loop: loop, dial: tor?.registryDial, now: wallClock()
        ) { [weak self] result in
            guard let self, !self.isStopping else { return }
            do throws(ChatEvent.Notice) {
                try self.found(try result.get(), by: search)
            } catch {
                // With an invite it is known where the room was at least.
                guard self.options.invite != nil else { return self.ended(.lost, error) }
                self.tell(.warning(error))
                self.dropTorUnlessNeeded()
            }
            self.goIn()
        }
    }

    private func found(_ record: RegistryRecord, by search: RegistrySearch) throws(ChatEvent.Notice) {
        if let key = options.invite?.hostKey ?? options.hostKey, key != record.hostKey {
            throw .registryForged("it names another host key than the one that is known")
        }
        let addresses = record.addresses(from: search.access)
        guard let address = addresses.first else {
            throw .registryForged("it leads nowhere but to this machine")
        }
        if let invite = options.invite {
            // One of the other kind would have who comes by tor show its address, or the other way round.
            guard (address.onionKey == nil) == (invite.address.onionKey == nil) else {
                throw .registryForged("it is another kind of address than the invite's")
            }
            use(addresses + ([invite.address] + invite.alternatives).filter { !addresses.contains($0) })
            return dropTorUnlessNeeded()
        }
        announcedHostKey = record.hostKey
        use(addresses)
        if address.onionKey != nil {
            options.tor = search.tor
        } else {
            switch search.direct {
            case .throughTor: options.tor = search.tor
            case .plainly: break
            case .refused:
                guard addresses.allSatisfy({ $0.hostPort?.isLoopback == true }) else { throw .registryShowsAddress }
            }
        }
        dropTorUnlessNeeded()
    }

    private func use(_ addresses: [RoomAddress]) {
        guard let first = addresses.first else { return }
        options.address = first
        options.alternatives = Array(addresses.dropFirst())
        ways = Self.ways(addresses)
    }

    // MARK: While in the room

    /// The same dial; where it fails the registry is asked whether the room is elsewhere by now.
    func lookingAgain(_ dial: @escaping MemberNode.Dial) -> MemberNode.Dial {
        guard let search = options.search else { return dial }
        return { [weak self] completion in
            dial { result in
                if case .failure = result { self?.lookAgain(by: search) }
                completion(result)
            }
        }
    }

    private func lookAgain(by search: RegistrySearch) {
        guard let key = node?.hostKey, loop.time - lookedAt >= Self.lookInterval else { return }
        // Never around the tor by which it was asked at first.
        let dial = search.isThroughTor ? tor?.registryDial : nil
        guard dial != nil || !search.isThroughTor else { return }
        lookedAt = loop.time
        lookup = RoomLookup(
            options.room, access: search.access, loop: loop, dial: dial, now: wallClock()
        ) { [weak self] result in
            guard let self, !self.isStopping, case .success(let record) = result, record.hostKey == key else { return }
            let isOnion = self.options.address.onionKey != nil
            let addresses = record.addresses(from: search.access).filter { ($0.onionKey != nil) == isOnion }
            guard addresses.contains(where: { !self.ways.contains($0) }) else { return }
            for address in addresses.reversed() { self.ways.put(first: address) }
            self.node?.tryNow()
        }
    }

    /// A host that begins elsewhere writes its record at once.
    private static let lookInterval = Duration.seconds(10)

    // MARK: Tor

    /// The tor by which the registry was asked is of no more use where the room is reached without.
    private func dropTorUnlessNeeded() {
        guard options.tor == nil, let tor else { return }
        self.tor = nil
        tor.shutdown {}
    }
}

extension RegistryRecord {
    /// Those that may be dialed: what is elsewhere does not know what is on this machine.
    fileprivate func addresses(from access: RegistryAccess) -> [RoomAddress] {
        addresses.filter { $0.hostPort?.isLoopback != true || access.isOfThisMachine }
    }
}

extension ChatEvent.Notice {
    static let registryShowsAddress = ChatEvent.Notice(
        .directNotAllowed,
        "cannot join: the registry says that this is a direct room, whose host would see your IP address",
        hint: "to show it: join.direct = true in the configuration, or TERMTALK_JOIN_DIRECT=true; else --tor managed")
}
