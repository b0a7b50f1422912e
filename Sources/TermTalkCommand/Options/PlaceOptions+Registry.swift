internal import Chat
internal import Configuration
internal import TermTalk
internal import TorController

extension PlaceOptions {
    /// How the room is looked for in the registry; nil where none is named.
    ///
    /// A registry on another machine sees who asks it, and the host of a direct room sees who comes: without tor only if the person has
    /// said so.
    func search(
        for guest: RoomGuest.Options, _ context: OpeningContext
    ) throws(ChatEvent.Notice) -> RegistrySearch? {
        guard let access = try registry.access() else { return nil }
        let isDirect = context.settings.isOn(.joinDirect) && !context.isThroughTor
        let tor = try context.common.tor.options(purpose: guest.invite?.isAuthorized == true ? .dialWithKey : .dial)
        let direct: RegistrySearch.Direct =
            if context.isThroughTor { .throughTor } else if isDirect { .plainly } else {
                context.common.tor.isChosen ? .throughTor : .refused
            }
        // That direct rooms may see this machine's address says nothing of a room whose invite leads to an onion service.
        let isOnion = guest.invite?.address.onionKey != nil
        return RegistrySearch(
            access: access, isThroughTor: !access.isOfThisMachine && (isOnion || !isDirect), tor: tor, direct: direct)
    }
}
