import ArgumentParser
internal import Chat
internal import Configuration
internal import Room
internal import TermTalk
internal import TerminalUI

struct ConfigCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "config", abstract: "Show the settings in force, and where each comes from.",
        discussion: """
            Flags win over environment variables, those over the configuration file, that over the defaults. What is \
            printed is a configuration file itself.
            """)

    @Flag(help: "One JSON object a line.")
    var json = false

    @OptionGroup var configuration: ConfigurationFlags

    func run() throws {
        let settings: Settings
        do throws(ChatEvent.Notice) {
            settings = try configuration.settings()
            try settings.checkValues()
        } catch {
            StandardError.report(error, json: json)
            throw ExitCode(ExitStatus(error.code).rawValue)
        }
        guard !json else { return printJSON(settings) }
        let file = configuration.config ?? Self.shown(ConfigurationFlags.standardPath)
        StandardOutput.print("# file: \(Sanitizer.sanitize(file, as: .line))")
        var table = ""
        for setting in Setting.allCases {
            let parts = setting.rawValue.split(separator: ".")
            if parts.count == 2, table != parts[0] {
                table = String(parts[0])
                StandardOutput.print("\n[\(table)]")
            }
            StandardOutput.print(Self.line(parts.last.map(String.init) ?? "", setting, settings))
        }
    }

    private static func line(_ name: String, _ setting: Setting, _ settings: Settings) -> String {
        let value = Self.value(of: setting, settings)
        let text =
            value.map { value in
                switch setting.kind {
                case .string: quoted(value)
                case .list: "[\(value.split(separator: "\n").map { quoted(String($0)) }.joined(separator: ", "))]"
                case .integer, .boolean: value
                }
            } ?? (setting.kind == .list ? "[]" : "\"\"")
        // A setting that is not set has no value to write.
        let assignment = value == nil ? "# \(name) = \(text)" : "\(name) = \(text)"
        return "\(assignment)  # \(source(of: setting, settings)); \(setting.variable), \(setting.flag)"
    }

    /// What is shown: no password.
    private static func value(of setting: Setting, _ settings: Settings) -> String? {
        guard let value = settings[setting] ?? setting.standard else { return nil }
        guard setting == .torProxy, let at = value.lastIndex(of: "@"), let scheme = value.firstRange(of: "://") else {
            return value
        }
        return value[..<scheme.upperBound] + "***" + value[at...]
    }

    private static func source(of setting: Setting, _ settings: Settings) -> String {
        switch settings.source(of: setting) {
        case .file(let line)?: "file, line \(line)"
        case .environment?: "environment"
        case nil: setting.standard == nil ? "not set" : "default"
        }
    }

    private static func quoted(_ text: String) -> String {
        let escaped = Sanitizer.sanitize(text, as: .line).map { character in
            character == "\"" || character == "\\" ? "\\\(character)" : String(character)
        }
        return "\"\(escaped.joined())\""
    }

    /// A path with the home directory as people write it.
    private static func shown(_ path: String) -> String {
        let home = UserDirectories().home
        return path.hasPrefix("\(home)/") ? "~\(path.dropFirst(home.count))" : path
    }

    private func printJSON(_ settings: Settings) {
        for setting in Setting.allCases {
            let value = Self.value(of: setting, settings)
            let source =
                switch settings.source(of: setting) {
                case .file?: "file"
                case .environment?: "environment"
                case nil: "default"
                }
            StandardOutput.print(
                JSONRecord.line([("setting", setting.rawValue), ("value", value), ("source", source)]))
        }
    }
}

extension Setting {
    /// What is in force when nobody says anything, as it is written in a file; nil for nothing.
    fileprivate var standard: String? {
        switch self {
        case .nick, .torControl, .torSocks, .torBridges, .torProxy: nil
        case .plain, .noColor, .noClipboard, .mouse, .notifyText, .joinStrict, .joinAcceptNewHost, .joinDirect: "false"
        case .bell: Alerts.Occasion.mention.rawValue
        case .notify: Alerts.Occasion.never.rawValue
        case .logLevel: "warning"
        case .torMode: "auto"
        case .hostTimeToLive: TimeToLive.standard
        case .hostPort: "\(RoomAddress.defaultPort)"
        case .hostMaxMembers: "\(RoomLimits().members)"
        case .hostKeep: "24h"
        case .hostKeepSize: "64M"
        }
    }
}
