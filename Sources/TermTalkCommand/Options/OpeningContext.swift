internal import Chat
internal import Configuration
internal import TermTalk

/// What a room is opened by, beside the options of its own command.
struct OpeningContext {
    /// The options, with what the settings say where no flag does.
    let common: CommonOptions
    let settings: Settings
    /// Whether nothing is dialed around tor: a flag speaks of tor, or the settings name a SOCKS port. That they name a
    /// control port or a mode is no such wish.
    let isThroughTor: Bool
    /// Whether the person can be asked, in lines, before there is a room.
    let asks: Bool

    init(common: CommonOptions, settings: Settings, asks: Bool) throws(ChatEvent.Notice) {
        self.common = try common.resolved(by: settings)
        self.settings = settings
        isThroughTor = common.namesTor || settings[.torSocks] != nil
        self.asks = asks
    }

    private init(common: CommonOptions, settings: Settings, isThroughTor: Bool) {
        self.common = common
        self.settings = settings
        self.isThroughTor = isThroughTor
        asks = false
    }

    /// For one more room, with options of its own: which tor is used stays, where they say nothing of it. The nick does not:
    /// it would tell that it is the same person.
    func another(_ options: CommonOptions) throws(ChatEvent.Notice) -> OpeningContext {
        var resolved = try options.resolved(by: settings)
        if !options.namesTor { resolved.tor = common.tor }
        return OpeningContext(common: resolved, settings: settings, isThroughTor: options.namesTor || isThroughTor)
    }
}
