internal import Chat
internal import Transport

/// What the people of a room's hosts are told of the Redis that they share.
extension ChatEvent.Notice {
    static let storeLost = ChatEvent.Notice(
        .storeLost,
        "the store has lost some of what was said here: those who were connected to this host may miss it",
        hint: "set appendfsync always and min-replicas-to-write in Redis; see docs/shared-log.md")
    static let storeAvailable = ChatEvent.Notice(.storeUnavailable, "the store answers again: the room goes on")
    static let storeHasNoRoom = ChatEvent.Notice(
        .storeUnavailable,
        "nobody can come in yet: the store has nothing of this room, or its other hosts do not answer",
        hint: "start the host that made the room; if all is lost, move NAME.room away everywhere, and begin anew")
    static let storeOfOtherVersion = ChatEvent.Notice(
        .storeUnavailable, "the room cannot be held here: what the store has of it cannot be read",
        hint: "use the termtalk of the room's other hosts")
    static let storeTampered = ChatEvent.Notice(
        .storeUnavailable,
        "the room is closed here: the store has changed what the hosts wrote, or shows them different things",
        hint: "do not use that Redis any more")
    static let storeTermsDiffer = ChatEvent.Notice(
        .inputInvalid,
        "the room cannot be held here: its other hosts were started with other options, or are of another version",
        hint:
            "use one termtalk, and give each the same --max-members, --keep, --keep-size, --password-file and --invite-only"
    )

    static func storeUnavailable(_ outage: ReplicaNode.Outage, at location: RedisLocation) -> ChatEvent.Notice {
        guard case .redis(let failure) = outage else {
            return .init(
                .storeUnavailable,
                "the store at \(location) cannot be used: what it holds of the room does not follow what the hosts wrote",
                hint: "somebody else writes there, or it lost some of the room: give the room a Redis of its own"
            )
        }
        let reason =
            switch failure {
            case .unreachable(.refused): "nobody listens there"
            case .unreachable(.timedOut), .timedOut: "it does not answer"
            case .unreachable(.nameNotFound), .unreachable(.onionName): "its name, or its socket, is not found"
            case .unreachable(.unreachable): "there is no way to it, or no permission"
            case .unreachable(.failed(errno: let code)): SystemError.text(code)
            case .lost, .overloaded: "the connection broke"
            case .refused: "it does not take the user or the password, or does not permit what is needed"
            case .unable: "it is full, loads, is only a replica, or does not permit what is needed"
            case .notRedis: "it is no Redis"
            }
        return .init(
            .storeUnavailable, "the store at \(location) cannot be used: \(reason)",
            hint: "nothing that is said is passed on before it can be written; it is tried again")
    }
}
