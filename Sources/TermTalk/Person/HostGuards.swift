internal import Room

/// What a room's host asks of whoever comes, beside an invite, as it was started with.
struct HostGuards: OptionSet, Sendable {
    static let password = HostGuards(rawValue: 1)
    static let inviteOnly = HostGuards(rawValue: 2)
    /// By invite only, too (``HostOptions/isInviteOnly``).
    static let clientAuthorization = HostGuards(rawValue: 4)
    static let approval = HostGuards(rawValue: 8)

    let rawValue: UInt8
}

extension HostOptions {
    var guards: HostGuards {
        var guards: HostGuards = []
        if password != nil { guards.insert(.password) }
        if isInviteOnly { guards.insert(.inviteOnly) }
        if hasClientAuthorization { guards.insert(.clientAuthorization) }
        if limits.asksHost { guards.insert(.approval) }
        return guards
    }
}
