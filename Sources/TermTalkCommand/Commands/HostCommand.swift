import ArgumentParser
internal import Chat
internal import Configuration
internal import Discovery
internal import EventLoop
internal import Files
internal import Room
internal import TermTalk
internal import TerminalUI
internal import TorController
internal import Transport

struct HostCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "host", abstract: "Open a room and take part in it, or with --headless only relay it.")

    @Flag(help: "Publish the room as an onion service (default).")
    var onion = false

    @Option(
        help: ArgumentHelp(
            "Listen on TCP instead, at port 12345 unless one is given; 0 picks one. May be repeated.",
            valueName: "ADDR[:PORT]"))
    var direct: [String] = []

    @Option(
        help: ArgumentHelp(
            "The onion service that torrc defines in front of this room: no control port is used.",
            valueName: "HOST.onion[:PORT]"))
    var behind: String?

    @Option(
        help: ArgumentHelp(
            "With --behind: where tor brings the streams, as HiddenServicePort says.",
            valueName: "ADDR:PORT|unix:PATH"))
    var listen: String?

    @Option(
        defaultAsFlag: "",
        help: ArgumentHelp(
            "Listen on the local networks only, and announce the room there: recognisable to those who know its id, or "
                + "with a name shown to everybody.", valueName: "NAME"))
    var lan: String?

    @Flag(help: "With --direct or --lan: ask the router for a port (NAT-PMP, then UPnP).")
    var mapPort = false

    @Option(
        help: ArgumentHelp(
            "Where tor can reach this program, when its loopback is not ours (a container, another machine).",
            valueName: "ADDR:PORT"))
    var onionTarget: String?

    @Option(help: ArgumentHelp("The room's id (default: 16 random hex digits).", valueName: "NAME"))
    var room: String?

    @Option(help: ArgumentHelp("The virtual port of the onion service (default: 12345).", valueName: "N"))
    var port: UInt16?

    @Option(
        help: ArgumentHelp("How long the room lives: 300 (default), 90s, 15m, 2h, none.", valueName: "DURATION"))
    var ttl: String?

    @Option(
        help: ArgumentHelp("Members at most, the host included; 0 for no limit (default: 50).", valueName: "N"))
    var maxMembers: Int?

    @Option(
        help: ArgumentHelp(
            "How long a place, and what was said, are kept for a member that is away (default: 24h).",
            valueName: "DURATION"))
    var keep: String?

    @Option(
        help: ArgumentHelp(
            "How much of what was said is kept for members that are away (default: 64M).", valueName: "BYTES"))
    var keepSize: String?

    @Option(
        name: .customLong("files"),
        help: ArgumentHelp(
            "The largest file that members may pass on through this host, or off (default: 100M).",
            valueName: "SIZE|off"))
    var largestFile: String?

    @Flag(help: "Each join waits for /approve or /deny.")
    var approve = false

    @Flag(help: "Let nobody in by the room's name and address alone.")
    var inviteOnly = false

    @Flag(help: "Let nobody without an invite resolve the onion service: tor asks for a key.")
    var clientAuth = false

    @OptionGroup var persist: PersistOptions
    @OptionGroup var shared: StoreFlags
    @OptionGroup var operation: OperationOptions
    @Flag(
        help: ArgumentHelp(
            "Relay the room without taking part in it or being able to read it.",
            discussion: """
                The invite that is shown is for the first who comes in: that one creates the room's group, and is shown
                the invite for all others, which the relay does not know. Nothing is read from standard input.
                """))
    var headless = false

    @Flag(help: "Show the invite as a QR code too.")
    var qr = false

    @OptionGroup var files: FileFlags
    @OptionGroup var secret: PasswordOptions
    @OptionGroup var common: CommonOptions

    func validate() throws {
        if onion && !direct.isEmpty {
            throw ValidationError("--onion and --direct exclude each other")
        }
        if (behind == nil) != (listen == nil) {
            throw ValidationError("--behind and --listen belong together")
        }
        if behind != nil && (onion || !direct.isEmpty || clientAuth || port != nil) {
            throw ValidationError(
                "--behind is for a service that torrc defines: it excludes --onion, --direct, --client-auth and --port")
        }
        if lan != nil && (onion || behind != nil || !direct.isEmpty || clientAuth || common.namesTor) {
            throw ValidationError("--lan excludes --direct, --client-auth, and all that is about tor")
        }
        if mapPort && (lan == nil && direct.isEmpty || common.namesTor) {
            throw ValidationError(
                "--map-port is for --direct and --lan: with tor nothing has to be opened at the router")
        }
        if onionTarget != nil && (behind != nil || lan != nil || !direct.isEmpty) {
            throw ValidationError(
                "--onion-target is for services that tor is asked for: it excludes --behind, --direct and --lan")
        }
        if direct.count > Invite.addressLimit {
            throw ValidationError("--direct can be given \(Invite.addressLimit) times: an invite has no room for more")
        }
        if port != nil && (lan != nil || !direct.isEmpty) {
            throw ValidationError("--port is that of an onion service: write --direct ADDR:PORT")
        }
        if clientAuth && !direct.isEmpty {
            throw ValidationError("--client-auth is for onion services: it and --direct exclude each other")
        }
        if clientAuth && headless {
            throw ValidationError("--client-auth and --headless exclude each other: a relay does not make the invites")
        }
        let readers = [persist.readsStandardInput, secret.readsStandardInput, operation.registry.readsStandardInput]
        if readers.count(where: { $0 }) > 1 {
            throw ValidationError("standard input cannot be more than one password or passphrase")
        }
        if operation.registry.registry != nil, lan != nil {
            throw ValidationError("--lan has an announcement of its own: it and --registry exclude each other")
        }
        if headless && (approve || common.nick != nil) {
            throw ValidationError("--headless has nobody to ask or to name: it excludes --approve and --nick")
        }
        if shared.store != nil {
            if !headless { throw ValidationError("--store is for relays: it needs --headless") }
            if persist.persist == nil {
                throw ValidationError(
                    "--store needs --persist NAME: the keys of the room, which all its hosts have, are in a file")
            }
            if direct.isEmpty && behind == nil {
                throw ValidationError(
                    "--store needs --direct or --behind: several machines cannot publish one onion address")
            }
            if mapPort || largestFile != nil {
                throw ValidationError("--store excludes --map-port and --files: hosts do not pass files to each other")
            }
        }
        if let maxMembers, maxMembers < 0 {
            throw ValidationError("--max-members must not be negative")
        }
        if port == 0 {
            throw ValidationError("--port must be from 1 to 65535")
        }
    }

    func run() throws {
        try ChatSession.run(common: common) { session throws(ChatEvent.Notice) in
            session.host(try options(session.context), showsCode: qr)
            if persist.persist == nil, !common.json { tellOfKeptRooms(session) }
        }
    }

    /// Who opens a room beside those that are kept may have meant one of them.
    private func tellOfKeptRooms(_ session: ChatSession) {
        session.loop.offload(within: UserDirectories.diskPatience) {
            KeptRoomStore(directories: UserDirectories()).names
        } then: { names in
            guard let names, let text = RoomsCommand.text(ofKept: names) else { return }
            session.console.note(text, in: 1)
        }
    }

    func options(_ context: OpeningContext) throws(ChatEvent.Notice) -> RoomHost.Options {
        let (common, settings) = (context.common, context.settings)
        var limits = RoomLimits()
        let membersSet = try settings.number(.hostMaxMembers, in: 0...Int(Int32.max))
        limits.members = maxMembers ?? membersSet ?? limits.members
        if let keep = keep ?? settings[.hostKeep] {
            guard let seconds = try Self.timeToLive(keep, of: "--keep") else {
                throw ChatEvent.Notice(
                    .inputInvalid, "--keep cannot be used: what is kept for ever fills every memory",
                    hint: "write a duration up to 30d")
            }
            limits.absence = .seconds(seconds)
        }
        if let size = keepSize ?? settings[.hostKeepSize] {
            guard let count = ByteCount(size)?.value, RoomLimits.logByteCounts.contains(count) else {
                throw ChatEvent.Notice(
                    .inputInvalid, "--keep-size cannot be used: it is not a size from 1M to 16G",
                    hint: "write 64M, 512M or 2G")
            }
            limits.logByteCount = count
        }
        limits.asksHost = approve
        limits.isRelay = headless
        let name = try room.map { name throws(ChatEvent.Notice) in try RoomName(checking: name) }
        let store = try shared.options()
        // It is dialed without tor, and its name is resolved so: not beside a room whose host nobody is to find.
        if behind != nil, let store, !store.isOfThisMachine {
            throw ChatEvent.Notice(
                .directNotAllowed,
                "--store cannot be used: Redis is not on this machine, and would see this host's IP address",
                hint: "give unix:PATH or 127.0.0.1, behind which a tunnel leads through tor; or host with --direct")
        }
        // Snapshots of a longer log are read by no host.
        if store != nil, limits.logByteCount > RoomLimits().logByteCount {
            throw ChatEvent.Notice(
                .inputInvalid, "--keep-size cannot be used: of a room that several hosts hold it is 64M at most",
                hint: "leave it out, or write up to 64M")
        }
        let kept = try persist.keptRoom(name)
        let password = try secret.read(isNew: true)
        // Who comes in while nobody is there would be let in by the relay's word that it knows the password.
        limits.admitsUnattended = password == nil
        var options = RoomHost.Options(
            carrier: try carrier(common, settings), room: kept?.room ?? name ?? .random(),
            timeToLive: try timeToLive(settings), nick: try common.checkedNick(isHost: true), limits: limits,
            password: password, isInviteOnly: inviteOnly, hasClientAuthorization: clientAuth,
            mapsPort: mapPort, kept: kept)
        options.files = try files.options()
        options.store = store
        options.fileLimits.largest = store == nil ? try fileLimit() : 0
        options.metrics = try operation.metricsPlace()
        options.registry = try operation.registry.access()
        options.announcedName = try operation.announcedName()
        return options
    }

    /// Bytes of the largest file that is passed on; 0 for none.
    private func fileLimit() throws(ChatEvent.Notice) -> UInt64 {
        guard let largestFile else { return FileRelay.Limits().largest }
        if largestFile == "off" { return 0 }
        guard let count = ByteCount(largestFile)?.value, count > 0, count <= FileFormat.largestSize else {
            throw ChatEvent.Notice(
                .inputInvalid, "--files cannot be used: it is neither a size up to 16G nor off",
                hint: "write 64K, 100M, 2G or off")
        }
        return UInt64(count)
    }

    private func carrier(
        _ common: CommonOptions, _ settings: Settings
    ) throws(ChatEvent.Notice) -> RoomHost.Carrier {
        if let behind, let listen {
            guard case .onion(let onion, let port) = try RoomAddress(onion: behind),
                let place = SocketAddress(torEndpoint: listen)
            else {
                throw ChatEvent.Notice(
                    .addressInvalid, "--listen cannot be used: it is neither an address with a port nor a path",
                    hint: "write what HiddenServicePort says, such as 127.0.0.1:12345 or unix:/run/termtalk/room")
            }
            return .behind(onion, port: port, listen: place, tor: try common.tor.socksOptions())
        }
        if mapPort, !PortMapping.isAvailable { throw PortMapError.notInThisBuild.notice }
        if let lan { return .lan(name: try announcedName(lan)) }
        guard !direct.isEmpty else {
            let set = try settings.number(.hostPort, in: 1...65_535).map { UInt16(truncatingIfNeeded: $0) }
            return .onion(
                port: port ?? set ?? RoomAddress.defaultPort, tor: try common.tor.options(purpose: .publish),
                target: try target())
        }
        return .direct(
            try direct.map { text throws(ChatEvent.Notice) in
                try HostPort(checking: text, defaultPort: RoomAddress.defaultPort)
            })
    }

    /// The name to show to everybody; nil for none.
    private func announcedName(_ name: String) throws(ChatEvent.Notice) -> String? {
        guard DiscoveryError.isAvailable else { throw DiscoveryError.notInThisBuild.notice }
        guard name.utf8.count <= RoomAnnouncement.nameLimit, Sanitizer.sanitize(name, as: .line) == name else {
            throw ChatEvent.Notice(
                .inputInvalid, "--lan cannot be used: its NAME is too long, or has characters that lists do not show",
                hint: "use up to \(RoomAnnouncement.nameLimit) letters, digits and spaces")
        }
        return name.isEmpty ? nil : name
    }

    private func target() throws(ChatEvent.Notice) -> SocketAddress? {
        guard let onionTarget else { return nil }
        guard let place = SocketAddress(torEndpoint: onionTarget), place.port != nil else {
            throw ChatEvent.Notice(
                .addressInvalid, "--onion-target cannot be used: it is no address with a port",
                hint: "write an address of this machine that tor can reach, such as 172.17.0.2:12345")
        }
        return place
    }

    private func timeToLive(_ settings: Settings) throws(ChatEvent.Notice) -> Int64? {
        try Self.timeToLive(ttl ?? settings[.hostTimeToLive] ?? "300", of: "--ttl")
    }

    /// The seconds written as `text`; nil for no end. `name` is what a person calls it.
    static func timeToLive(_ text: String, of name: String) throws(ChatEvent.Notice) -> Int64? {
        do throws(TimeToLiveError) {
            return try TimeToLive(parsing: text).seconds
        } catch {
            throw ChatEvent.Notice(
                .inputInvalid, "\(name) cannot be used: it is not a duration from 1s to 30d",
                hint: "write 300, 90s, 15m, 2h or none")
        }
    }
}
