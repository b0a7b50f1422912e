internal import Chat
internal import EventLoop
internal import Sodium
internal import TorController
internal import Transport

/// What a registry says is a hint of where to look, from whoever knows the room's id. It does not say whom to trust: that is the invite's
/// word, or the person's.
extension RoomGuest {
    func find(by search: RegistrySearch) {
        let guide = RegistryGuide(search, room: options.room, loop: loop, wallClock: wallClock)
        self.guide = guide
        guard search.isThroughTor else { return ask(guide, through: nil) }
        var isAsked = false
        startTor(search.tor) { [weak self] in
            guard let self, let tor = self.tor, !isAsked else { return }
            isAsked = true
            self.ask(guide, through: tor)
        }
    }

    private func ask(_ guide: RegistryGuide, through tor: TorController?) {
        guide.ask(through: tor) { [weak self, weak guide] result in
            guard let self, let guide, !self.isEnded else { return }
            do throws(ChatEvent.Notice) {
                try self.found(try result.get(), by: guide)
            } catch {
                // With an invite it is known where the room was at least.
                guard self.options.invite != nil else { return self.ended(.lost, error) }
                self.tell(.warning(error))
                self.dropTorUnlessNeeded()
            }
            self.goIn()
        }
    }

    private func found(_ record: RegistryRecord, by guide: RegistryGuide) throws(ChatEvent.Notice) {
        let search = guide.search
        if let key = options.invite?.hostKey ?? options.hostKey, key != record.hostKey {
            throw .registryForged("it names another host key than the one that is known")
        }
        let addresses = search.addresses(of: record, isThroughTor: options.tor != nil)
        guard let address = addresses.first else {
            guard record.addresses.allSatisfy({ $0.hostPort?.mayBeLoopback == true }) else {
                throw .registryShowsAddress
            }
            throw .registryForged("it leads nowhere but to this machine")
        }
        if let invite = options.invite {
            // One of the other kind would have somebody who comes by tor show its address, or the other way round.
            guard (address.onionKey == nil) == (invite.address.onionKey == nil) else {
                throw .registryForged("it is another kind of address than the invite's")
            }
            use(addresses + ([invite.address] + invite.alternatives).filter { !addresses.contains($0) })
            return dropTorUnlessNeeded()
        }
        guide.hostKey = record.hostKey
        use(addresses)
        if address.onionKey != nil || search.direct == .throughTor { options.tor = search.tor }
        dropTorUnlessNeeded()
    }

    private func use(_ addresses: [RoomAddress]) {
        guard let first = addresses.first else { return }
        options.address = first
        options.alternatives = Array(addresses.dropFirst())
    }

    // MARK: Tor

    /// The tor by which the registry was asked is of no more use where the room is reached without.
    private func dropTorUnlessNeeded() {
        guard options.tor == nil, let tor else { return }
        self.tor = nil
        tor.shutdown {}
    }
}

extension RegistrySearch {
    /// Those of the record that may be dialed: what is elsewhere does not know what is on this machine, and nothing is shown this
    /// machine's address but by the person's word.
    ///
    /// - Parameter isThroughTor: whether also direct rooms are dialed through tor.
    func addresses(of record: RegistryRecord, isThroughTor: Bool) -> [RoomAddress] {
        record.addresses.filter { address in
            guard let place = address.hostPort else { return true }
            return place.mayBeLoopback ? access.isOfThisMachine : isThroughTor || direct != .refused
        }
    }
}
