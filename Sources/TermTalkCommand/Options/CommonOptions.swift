public import ArgumentParser
internal import Chat
internal import Configuration
import Glibc
public import Logging
internal import Room
internal import TerminalUI
internal import TorController

/// The options that `host`, `join` and `say` share.
struct CommonOptions: ParsableArguments {
    @OptionGroup var tor: TorFlags

    @Option(help: ArgumentHelp("The name to take part under (default: the member id).", valueName: "NAME"))
    var nick: String?

    @Flag(help: "Machine interface: one JSON object a line.")
    var json = false

    @Flag(help: "Line mode, also where a full screen would be possible.")
    var plain = false

    @Flag(help: "No colours.")
    var noColor = false

    @Flag(help: "Never write to the clipboard of the terminal.")
    var noClipboard = false

    @Flag(
        name: .customLong("mouse"), inversion: .prefixedNo,
        help: "Scroll the full screen with the mouse wheel; text is selected with Shift held, then (default: no).")
    var mouseFlag: Bool?

    /// Whether the mouse is asked for.
    var mouse: Bool { mouseFlag ?? false }

    @Option(
        help: ArgumentHelp(
            "When the full screen rings the bell (default: mention).", valueName: "never|mention|message"))
    var bell: Alerts.Occasion?

    @Option(
        help: ArgumentHelp(
            "When the full screen asks the terminal for a notification of the desktop (default: never).",
            valueName: "never|mention|message"))
    var notify: Alerts.Occasion?

    @Flag(help: "Let notifications say who said what; desktops show them on locked screens, and keep them.")
    var notifyText = false

    @Option(help: ArgumentHelp("What to log to stderr (default: warning).", valueName: "LEVEL"))
    var logLevel: Logger.Level?

    @OptionGroup var configuration: ConfigurationFlags

    /// Whether a flag speaks of tor: then nothing is dialed around it.
    var namesTor: Bool {
        tor.mode != nil || tor.torSocks != nil || tor.torPort != nil || tor.torControl != nil
            || !tor.bridge.isEmpty || tor.torProxy != nil
    }

    /// What the settings say, where no flag does.
    func resolved(by settings: Settings) throws(ChatEvent.Notice) -> CommonOptions {
        var resolved = self
        resolved.nick = nick ?? settings[.nick]
        resolved.plain = plain || settings.isOn(.plain)
        resolved.noColor = noColor || settings.isOn(.noColor)
        resolved.noClipboard = noClipboard || settings.isOn(.noClipboard)
        resolved.mouseFlag = mouseFlag ?? settings.isOn(.mouse)
        resolved.notifyText = notifyText || settings.isOn(.notifyText)
        let (bellSet, notifySet): (Alerts.Occasion?, Alerts.Occasion?) = (
            try settings.choice(.bell), try settings.choice(.notify)
        )
        let levelSet: Logger.Level? = try settings.choice(.logLevel)
        resolved.bell = bell ?? bellSet
        resolved.notify = notify ?? notifySet
        resolved.logLevel = logLevel ?? levelSet
        resolved.tor = try tor.resolved(by: settings)
        return resolved
    }

    /// The nick as asked for, checked; empty for none.
    func checkedNick(isHost: Bool) throws(ChatEvent.Notice) -> String {
        guard let nick else { return "" }
        do throws(NickError) {
            let nick = try Nick(validating: nick, isHost: isHost)
            // Of a joiner's the room decides, which knows whose it looks like.
            if !isHost || nick.isOfOneScript { return nick.text }
        } catch {
            throw .nickInvalid("--nick cannot be used")
        }
        throw .nickInvalid("--nick cannot be used")
    }

    var logger: Logger {
        var logger = Logger(label: "termtalk") { _ in LineLogHandler() }
        logger.logLevel = logLevel ?? .warning
        return logger
    }
}

extension Settings {
    /// What the commands would find out when they use the values.
    func checkValues() throws(ChatEvent.Notice) {
        let _: Alerts.Occasion? = try choice(.bell)
        let _: Alerts.Occasion? = try choice(.notify)
        let _: Logger.Level? = try choice(.logLevel)
        let _: TorOptions.Mode? = try choice(.torMode)
        _ = try number(.hostPort, in: 1...65_535)
        _ = try number(.hostMaxMembers, in: 0...Int(Int32.max))
    }

    /// A number within bounds; nil when it is not set.
    func number(_ setting: Setting, in bounds: ClosedRange<Int>) throws(ChatEvent.Notice) -> Int? {
        guard let text = self[setting] else { return nil }
        guard let number = Int(text), bounds.contains(number) else {
            throw ChatEvent.Notice(
                .configInvalid,
                "the configuration cannot be used: \(setting.rawValue) is not from \(bounds.lowerBound) to \(bounds.upperBound)",
                hint: "mend it; termtalk --help, or man termtalk, says what may be set")
        }
        return number
    }

    /// A setting with a few possible values; nil when it is not set.
    func choice<T: RawRepresentable & CaseIterable>(_ setting: Setting) throws(ChatEvent.Notice) -> T?
    where T.RawValue == String {
        guard let text = self[setting] else { return nil }
        guard let value = T(rawValue: text) else {
            let choices = T.allCases.map(\.rawValue).joined(separator: ", ")
            throw ChatEvent.Notice(
                .configInvalid, "the configuration cannot be used: \(setting.rawValue) is none of \(choices)",
                hint: "mend it; termtalk --help, or man termtalk, says what may be set")
        }
        return value
    }
}

extension Alerts.Occasion: ExpressibleByArgument {}

extension Logger.Level: @retroactive ExpressibleByArgument {}
