internal import Chat
internal import EventLoop
internal import TermTalk

/// The rooms that a registry shows to everybody.
enum RegistryRooms {
    /// Asks without tor. Blocks.
    ///
    /// - Parameter mayShowAddress: whether a registry on another machine may see this one's address.
    static func find(
        _ access: RegistryAccess, mayShowAddress: Bool
    ) throws(ChatEvent.Notice) -> (rooms: [RegistryListing], isWhole: Bool) {
        guard access.isOfThisMachine || mayShowAddress else { throw showsAddress }
        guard let loop = try? EventLoop() else {
            throw ChatEvent.Notice(.internalError, "the event loop cannot be made")
        }
        let client = RegistryClient(loop: loop, access: access)
        var result: Result<(rooms: [RegistryListing], isWhole: Bool), ChatEvent.Notice>?
        client.list(now: WallTime.seconds) {
            result = $0
            client.close()
            loop.stop()
        }
        loop.run()
        guard let result else { return ([], false) }
        return try result.get()
    }

    private static let showsAddress = ChatEvent.Notice(
        .directNotAllowed,
        "the rooms cannot be listed: the registry is on another machine, which would see your IP address",
        hint: "to show it: join.direct = true in the configuration, or TERMTALK_JOIN_DIRECT=true; else use a tunnel")
}
