import ArgumentParser
internal import Chat
internal import Configuration
internal import Files
internal import Room
internal import TerminalUI

/// How long a room lives, what is kept in it, and who may come in.
struct RoomFlags: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "How long the room lives: 300 (default), 90s, 15m, 2h, none.", valueName: "DURATION"))
    var ttl: String?

    @Option(
        help: ArgumentHelp(
            "Members at most, the host included; 0 for no limit (default: 50).", valueName: "N"))
    var maxMembers: Int?

    @Option(
        help: ArgumentHelp(
            "How long a place, and what was said, are kept for a member that is away (default: 24h).",
            valueName: "DURATION"))
    var keep: String?

    @Option(
        help: ArgumentHelp(
            "How much of what was said is kept for members that are away (default: 64M).",
            valueName: "BYTES"))
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

    func limits(_ settings: Settings) throws(ChatEvent.Notice) -> RoomLimits {
        var limits = RoomLimits()
        let membersSet = try settings.number(.hostMaxMembers, in: 0...Int(Int32.max))
        limits.members = maxMembers ?? membersSet ?? limits.members
        if let keep = keep ?? settings[.hostKeep] {
            guard let seconds = try HostCommand.timeToLive(keep, of: "--keep") else {
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
        return limits
    }

    func timeToLive(_ settings: Settings) throws(ChatEvent.Notice) -> Int64? {
        try HostCommand.timeToLive(ttl ?? settings[.hostTimeToLive] ?? TimeToLive.standard, of: "--ttl")
    }

    /// Bytes of the largest file that is passed on; 0 for none.
    func fileLimit() throws(ChatEvent.Notice) -> UInt64 {
        guard let largestFile else { return FileRelay.Limits().largest }
        if largestFile == "off" { return 0 }
        guard let count = ByteCount(largestFile)?.value, count > 0, count <= FileFormat.largestSize
        else {
            throw ChatEvent.Notice(
                .inputInvalid, "--files cannot be used: it is neither a size up to 16G nor off",
                hint: "write 64K, 100M, 2G or off")
        }
        return UInt64(count)
    }
}
