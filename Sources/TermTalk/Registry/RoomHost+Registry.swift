internal import Chat
internal import EventLoop
internal import TorController
internal import Transport

extension RoomHost {
    /// How long a panic waits for the record to go.
    private static let hurriedPatience = Duration.seconds(1)

    /// Says in the registry where the room is now, and from now on again and again.
    func announceInRegistry() {
        guard let access = options.registry, let room else { return }
        let announcement = RegistryAnnouncer.Announcement(
            addresses: [room.address] + alternatives, hostKey: room.hostKey, endsAt: room.entry.expires)
        if let announcer = room.announcer { return announcer.change(to: announcement) }
        self.room?.announcer = RegistryAnnouncer(
            loop: loop, client: RegistryClient(loop: loop, access: access, dial: registryDial(access)),
            room: options.room, name: options.announcedName, announcement: announcement, wallClock: wallClock
        ) { [weak self] notice in
            guard let self, !self.isClosed else { return }
            self.tell(.warning(notice))
        }
    }

    /// A room behind tor is never announced around it.
    private func registryDial(_ access: RegistryAccess) -> RedisConnection.Dial? {
        access.isOfThisMachine ? nil : entrance.tor?.registryDial
    }

    /// Takes the room out of the registry; what is done next may end the tor by which it is asked.
    func withdraw(_ announcer: RegistryAnnouncer?, isHurried: Bool, then done: @escaping () -> Void) {
        guard let announcer else { return done() }
        announcer.withdraw(
            within: isHurried ? Self.hurriedPatience : RegistryAnnouncer.withdrawalPatience, then: done)
    }
}

extension TorController {
    /// To a registry, through this tor.
    var registryDial: RedisConnection.Dial {
        { host, completion in
            OnionDialer(controller: self).dial(host: host.host, port: host.port, timeout: Self.registryTimeout) {
                result in
                completion(result.mapError { $0 == .connectionRefused ? .refused : .unreachable })
            }
        }
    }

    private static let registryTimeout = Duration.seconds(30)
}
