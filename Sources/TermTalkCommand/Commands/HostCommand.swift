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

    @OptionGroup var way: WayFlags
    @OptionGroup var terms: RoomFlags
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
        if way.onion && !way.direct.isEmpty {
            throw ValidationError("--onion and --direct exclude each other")
        }
        if (way.behind == nil) != (way.listen == nil) {
            throw ValidationError("--behind and --listen belong together")
        }
        if way.behind != nil
            && (way.onion || !way.direct.isEmpty || terms.clientAuth || way.port != nil)
        {
            throw ValidationError(
                "--behind is for a service that torrc defines: it excludes --onion, --direct, --client-auth and --port")
        }
        if way.lan != nil
            && (way.onion || way.behind != nil || !way.direct.isEmpty || terms.clientAuth
                || common.namesTor)
        {
            throw ValidationError("--lan excludes --direct, --client-auth, and all that is about tor")
        }
        if way.mapPort && (way.lan == nil && way.direct.isEmpty || common.namesTor) {
            throw ValidationError(
                "--map-port is for --direct and --lan: with tor nothing has to be opened at the router")
        }
        if way.onionTarget != nil && (way.behind != nil || way.lan != nil || !way.direct.isEmpty) {
            throw ValidationError(
                "--onion-target is for services that tor is asked for: it excludes --behind, --direct and --lan")
        }
        if way.direct.count > Invite.addressLimit {
            throw ValidationError(
                "--direct can be given \(Invite.addressLimit) times: an invite has no room for more")
        }
        if way.port != nil && (way.lan != nil || !way.direct.isEmpty) {
            throw ValidationError("--port is that of an onion service: write --direct ADDR:PORT")
        }
        if terms.clientAuth && !way.direct.isEmpty {
            throw ValidationError("--client-auth is for onion services: it and --direct exclude each other")
        }
        if terms.clientAuth && headless {
            throw ValidationError(
                "--client-auth and --headless exclude each other: a relay does not make the invites")
        }
        let readers = [persist.readsStandardInput, secret.readsStandardInput, operation.registry.readsStandardInput]
        if readers.count(where: { $0 }) > 1 {
            throw ValidationError("standard input cannot be more than one password or passphrase")
        }
        if operation.registry.registry != nil, way.lan != nil {
            throw ValidationError("--lan has an announcement of its own: it and --registry exclude each other")
        }
        if headless && (terms.approve || common.nick != nil) {
            throw ValidationError("--headless has nobody to ask or to name: it excludes --approve and --nick")
        }
        if shared.store != nil {
            if !headless { throw ValidationError("--store is for relays: it needs --headless") }
            if persist.persist == nil {
                throw ValidationError(
                    "--store needs --persist NAME: the keys of the room, which all its hosts have, are in a file")
            }
            if way.direct.isEmpty && way.behind == nil {
                throw ValidationError(
                    "--store needs --direct or --behind: several machines cannot publish one onion address")
            }
            if way.mapPort || terms.largestFile != nil {
                throw ValidationError("--store excludes --map-port and --files: hosts do not pass files to each other")
            }
        }
        if let maxMembers = terms.maxMembers, maxMembers < 0 {
            throw ValidationError("--max-members must not be negative")
        }
        if way.port == 0 {
            throw ValidationError("--port must be from 1 to 65535")
        }
    }

    func run() throws {
        try ChatSession.run(common: common) { session throws(ChatEvent.Notice) in
            session.host(try options(session.context), showsCode: qr)
            if persist.persist == nil, !common.json { tellOfKeptRooms(session) }
        }
    }

    /// Whoever opens a room beside those that are kept may have meant one of them.
    private func tellOfKeptRooms(_ session: ChatSession) {
        session.loop.offload(within: UserDirectories.diskPatience) {
            KeptRoomStore(directories: UserDirectories()).names
        } then: { names in
            guard let names, let text = RoomsCommand.text(ofKept: names) else { return }
            session.console.note(text, in: 1)
        }
    }

    func options(_ context: OpeningContext) throws(ChatEvent.Notice) -> HostOptions {
        let (common, settings) = (context.common, context.settings)
        var limits = try terms.limits(settings)
        limits.isRelay = headless
        let name = try way.room.map { name throws(ChatEvent.Notice) in try RoomName(checking: name) }
        let store = try shared.options()
        // It is dialed without tor, and its name is resolved so: not beside a room whose host nobody is to find.
        if way.behind != nil, let store, !store.isOfThisMachine {
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
        // Whoever comes in while nobody is there would be let in by the relay's word that it knows the password.
        limits.admitsUnattended = password == nil
        var options = HostOptions(
            carrier: try way.carrier(common, settings), room: kept?.room ?? name ?? .random(),
            timeToLive: try terms.timeToLive(settings), nick: try common.checkedNick(isHost: true), limits: limits,
            password: password, isInviteOnly: terms.inviteOnly, hasClientAuthorization: terms.clientAuth,
            mapsPort: way.mapPort, kept: kept)
        options.files = try files.options()
        options.store = store
        options.fileLimits.largest = store == nil ? try terms.fileLimit() : 0
        options.metrics = try operation.metricsPlace()
        options.registry = try operation.registry.access()
        options.announcedName = try operation.announcedName()
        return options
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
