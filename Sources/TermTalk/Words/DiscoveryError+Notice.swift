package import Chat
package import Discovery

extension DiscoveryError {
    package var notice: ChatEvent.Notice {
        switch self {
        case .notInThisBuild:
            .init(
                .notInThisBuild, "the local network cannot be used: this termtalk was built without it",
                hint: "build it with libavahi-core and the trait LAN, or use --direct")
        case .noLocalNetwork:
            .init(
                .hostUnreachable, "the local network cannot be used: this machine is in none",
                hint: "connect it, and look with: ip addr")
        case .notAllowed:
            .init(
                .hostUnreachable,
                "the local network cannot be searched or told: a profile of this system does not let the program see the "
                    + "machine's addresses (a netlink socket)",
                hint: "allow it there, as the profile of the package does; others can still join by invite")
        case .failed(let code):
            .init(
                .hostUnreachable, "the local network cannot be searched or told: Avahi's error \(code)",
                hint: "others can still join by invite")
        }
    }
}

extension ChatEvent.Notice {
    /// To who looks for a room on the local network.
    static let roomNotOnNetwork = ChatEvent.Notice(
        .noSuchRoom, "cannot join: nobody on this network says to have this room",
        hint:
            "check the room's id; some networks keep their guests apart, then an invite without --lan does not help either"
    )
}
