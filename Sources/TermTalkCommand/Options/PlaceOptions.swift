import ArgumentParser
internal import Chat
internal import Configuration
internal import Discovery
import Glibc
internal import Sodium
internal import TermTalk
internal import TerminalUI
internal import TorController

/// The options that say where somebody's room is and whom to trust, shared by `join` and `say`.
struct PlaceOptions: ParsableArguments {
    @Option(help: ArgumentHelp("Dial this onion service.", valueName: "HOST.onion[:PORT]"))
    var onion: String?

    @Option(
        help: ArgumentHelp(
            "Dial TCP, which shows your IP address; through tor where --tor is given.", valueName: "HOST:PORT"))
    var direct: String?

    @Flag(help: "Look for the room on this network.")
    var lan = false

    @Option(help: ArgumentHelp("The host's public key.", valueName: "KEY"))
    var hostKey: String?

    @Flag(help: "Accept a host whose key is not known yet.")
    var acceptNewHost = false

    @Flag(help: "Refuse a host whose key is not known yet (default without a terminal).")
    var strict = false

    @Option(
        help: ArgumentHelp(
            "Read the invite from a file; - is standard input. TERMTALK_INVITE is read too.", valueName: "FILE"),
        completion: .file())
    var inviteFile: String?

    @OptionGroup var registry: RegistryOptions
    @OptionGroup var secret: PasswordOptions

    func validate() throws {
        if registry.registry != nil, lan || onion != nil || direct != nil {
            throw ValidationError("--registry finds out where the room is: it excludes --onion, --direct and --lan")
        }
        if onion != nil && direct != nil {
            throw ValidationError("--onion and --direct exclude each other")
        }
        if lan && (onion != nil || direct != nil) {
            throw ValidationError("--lan excludes --onion and --direct")
        }
        if strict && acceptNewHost {
            throw ValidationError("--strict and --accept-new-host exclude each other")
        }
    }

    /// What a person may be asked.
    func questions(_ settings: Settings) -> Conversation.Questions {
        .init(
            hostKey: !acceptsNewHost(settings) && !strict && !settings.isOn(.joinStrict),
            passwords: secret.passwordFile != nil ? nil : secret.password ? 1 : 0)
    }

    private func acceptsNewHost(_ settings: Settings) -> Bool {
        acceptNewHost || (!strict && !settings.isOn(.joinStrict) && settings.isOn(.joinAcceptNewHost))
    }

    /// Whether `argument`, or the option, says that standard input has the invite.
    func readsInvite(from argument: String?) -> Bool { (inviteFile ?? argument) == "-" }

    /// How much is read from standard input.
    func inputs(from argument: String?) -> Int {
        [readsInvite(from: argument), secret.readsStandardInput, registry.readsStandardInput].count { $0 }
    }

    /// Whether the room follows from something else than arguments.
    var hasInviteElsewhere: Bool {
        inviteFile != nil || (onion == nil && direct == nil && InviteInput.fromEnvironment != nil)
    }

    /// The room as said by the argument, which is an id, an invite or `-`; or else by the option or the environment.
    private func meaning(of argument: String?) throws(ChatEvent.Notice) -> String {
        if let path = inviteFile ?? (argument == "-" ? "-" : nil) { return try InviteInput.text(of: path) }
        if let argument { return argument }
        guard let invite = InviteInput.fromEnvironment else {
            throw ChatEvent.Notice(.usage, "no room was named", hint: "give its id, an invite, or --invite-file FILE")
        }
        guard InviteFinder.isMeant(invite) else {
            throw ChatEvent.Notice(
                .inviteInvalid, "\(InviteInput.variable) has no invite in it",
                hint: "an invite begins with \(Invite.scheme)")
        }
        return invite
    }

    /// How to get into the room that `argument` names, which is an id or an invite, or `-` for one on standard input.
    ///
    /// - Parameter known: the rooms of the registry; asked only where the address has to be found there.
    func guest(
        in argument: String?, _ context: OpeningContext, known: () -> [RoomRegistry.Entry]
    ) throws(ChatEvent.Notice) -> RoomGuest.Options {
        let room = try meaning(of: argument)
        let common = context.common
        let acceptNewHost = acceptsNewHost(context.settings)
        let nick = try common.checkedNick(isHost: false)
        var options: RoomGuest.Options
        if InviteFinder.isMeant(room) {
            let invite = try InviteFinder.invite(in: room)
            options = RoomGuest.Options(
                room: invite.room, address: invite.address, alternatives: invite.alternatives, invite: invite,
                acceptsNewHost: acceptNewHost, nick: nick, tor: nil)
            if let address = try givenAddress(context) {
                // The handshake is bound to the onion service, or to there being none.
                guard address.onionKey == invite.address.onionKey else {
                    throw ChatEvent.Notice(
                        .inviteInvalid, "cannot join: the invite is for another onion service, or for none",
                        hint: "give the invite alone")
                }
                options.address = address
                options.alternatives = []
            }
        } else {
            options = try bareRoom(
                named: try RoomName(checking: room), nick: nick, acceptNewHost: acceptNewHost, context, known())
        }
        if let hostKey {
            guard let key = X25519.PublicKey(text: hostKey) else {
                throw ChatEvent.Notice(
                    .inputInvalid, "--host-key cannot be used: it is not a key", hint: "it has 64 hex digits")
            }
            if let invite = options.invite, invite.hostKey != key {
                throw ChatEvent.Notice(
                    .hostKeyMismatch, "cannot join: the invite and --host-key name different keys",
                    hint: "ask the host which is right")
            }
            options.hostKey = key
        }
        options.search = try search(for: options, context)
        options.password = try secret.read(isNew: false)
        if readsInvite(from: argument) { InviteInput.returnToTerminal() }
        if options.search != nil, options.invite == nil {
            options.tor = nil
        } else if case .onion = options.address {
            options.tor = try torOptions(common, invite: options.invite)
        } else {
            options.tor = try torForDirect(options, context)
        }
        return options
    }

    private func torOptions(
        _ common: CommonOptions, invite: Invite?
    ) throws(ChatEvent.Notice) -> TorOptions {
        guard invite?.isAuthorized == true else { return try common.tor.options(purpose: .dial) }
        let tor = try common.tor.options(purpose: .dialWithKey)
        // The tor behind some control port found elsewhere need not be that of the SOCKS port.
        guard tor.socks == nil || tor.control != nil || tor.mode == .managed else {
            throw ChatEvent.Notice(
                .torPermission,
                "cannot join: tor needs the key of this invite, and takes keys at its control port only",
                hint: "give --tor-control too, or leave out --tor-socks and --tor-port")
        }
        return tor
    }

    private func givenAddress(_ context: OpeningContext) throws(ChatEvent.Notice) -> RoomAddress? {
        if lan { return try lanAddress(context) }
        if let onion { return try RoomAddress(onion: onion) }
        if let direct { return try RoomAddress(direct: direct) }
        return nil
    }

    private func lanAddress(_ context: OpeningContext) throws(ChatEvent.Notice) -> RoomAddress {
        guard DiscoveryError.isAvailable else { throw DiscoveryError.notInThisBuild.notice }
        guard !context.isThroughTor else {
            throw ChatEvent.Notice(
                .usage, "--lan cannot be used: tor leads to no local network, and tor was asked for",
                hint: "leave out what is about tor, in the configuration, too")
        }
        return .lan(nil)
    }

    /// The address that a person gives, asked until it is one; no answer is an error.
    private func askedAddress(_ context: OpeningContext) throws(ChatEvent.Notice) -> RoomAddress {
        while true {
            let answer = Prompt.ask("Where is the room? (HOST.onion[:PORT], HOST:PORT, or lan): ") ?? ""
            do throws(ChatEvent.Notice) {
                if answer.lowercased() == "lan" { return try lanAddress(context) }
                return try RoomAddress(answer)
            } catch {
                guard !answer.isEmpty else { throw .addressNotGiven }
                StandardError.report(error)
            }
        }
    }

    private func bareRoom(
        named name: RoomName, nick: String, acceptNewHost: Bool, _ context: OpeningContext,
        _ rooms: [RoomRegistry.Entry]
    ) throws(ChatEvent.Notice) -> RoomGuest.Options {
        let given = try givenAddress(context)
        let known = rooms.first { entry in
            guard entry.room == name.description else { return false }
            guard let given, let address = try? RoomAddress(entry.address) else { return true }
            return given.mayBe(address)
        }
        let knownKey = known.flatMap { X25519.PublicKey(text: $0.hostKey) }
        let address: RoomAddress
        if registry.registry != nil {
            return RoomGuest.Options(
                room: name, address: .lan(nil), acceptsNewHost: acceptNewHost, nick: nick, tor: nil)
        } else if let given {
            address = given
        } else if let known {
            address = try RoomAddress(known.address)
        } else if context.asks {
            address = try askedAddress(context)
        } else {
            throw ChatEvent.Notice(
                .noSuchRoom, "cannot join: no room of this name is known on this machine",
                hint: "give its address with --onion or --direct, or paste an invite")
        }
        return RoomGuest.Options(
            room: name, address: address, hostKey: knownKey, acceptsNewHost: acceptNewHost, nick: nick, tor: nil)
    }
}

extension ChatEvent.Notice {
    fileprivate static let addressNotGiven = Self(
        .addressInvalid, "cannot join: nobody said where the room is",
        hint: "ask its host for an invite, which says it, or for the address")
}
