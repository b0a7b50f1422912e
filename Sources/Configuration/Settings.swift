package import Chat

/// What the configuration file and the environment say; the environment wins. Flags come on top, where they are parsed.
package struct Settings: Sendable, Equatable {
    package enum Source: Sendable, Equatable {
        /// The line of the file.
        case file(line: Int)
        case environment
    }

    private struct Given: Sendable, Equatable {
        var text: String
        var source: Source
    }

    private var given: [Setting: Given] = [:]

    /// - Parameters:
    ///   - file: the text of the configuration file; nil when there is none.
    ///   - environment: the value of a variable, nil or empty when it is not set.
    package init(file: String?, environment: (String) -> String?) throws(ChatEvent.Notice) {
        if let file { try read(file) }
        for setting in Setting.allCases {
            guard let value = environment(setting.variable), !value.isEmpty else { continue }
            guard let text = Self.checked(value, setting.kind) else {
                throw Self.invalid("\(setting.variable) is \(Self.expected(setting.kind))")
            }
            given[setting] = Given(text: text, source: .environment)
        }
    }

    private mutating func read(_ file: String) throws(ChatEvent.Notice) {
        let document: TOMLDocument
        do throws(TOMLError) {
            document = try TOMLDocument(parsing: file)
        } catch {
            throw Self.invalid("line \(error.line): \(error.reason)")
        }
        for entry in document.entries {
            guard let setting = Setting(rawValue: entry.key) else {
                throw Self.invalid("line \(entry.line): there is no setting \(entry.key)\(Self.table(of: entry.key))")
            }
            let text: String? =
                switch (entry.value, setting.kind) {
                case (.string(let text), .string): text
                case (.integer(let number), .integer): "\(number)"
                // Seconds, as on the command line.
                case (.integer(let number), .string) where setting == .hostTimeToLive: "\(number)"
                case (.boolean(let isOn), .boolean): "\(isOn)"
                case (.list(let items), .list) where !items.contains(where: { $0.contains("\n") }):
                    items.joined(separator: "\n")
                default: nil
                }
            guard let text else {
                throw Self.invalid("line \(entry.line): \(entry.key) is \(Self.expected(setting.kind))")
            }
            given[setting] = Given(text: text, source: .file(line: entry.line))
        }
    }

    /// What is said of a setting, as text.
    package subscript(setting: Setting) -> String? { given[setting]?.text }

    /// The texts of a setting with several.
    package func list(_ setting: Setting) -> [String] {
        given[setting]?.text.split(separator: "\n").map(String.init) ?? []
    }

    /// Whether a setting of yes and no is on.
    package func isOn(_ setting: Setting) -> Bool { given[setting]?.text == "true" }

    /// Where it was said.
    package func source(of setting: Setting) -> Source? { given[setting]?.source }

    private static func checked(_ value: String, _ kind: Setting.Kind) -> String? {
        switch kind {
        case .string, .list: return value
        case .integer: return Int64(value).map { "\($0)" }
        case .boolean:
            switch value.lowercased() {
            case "1", "true", "yes", "on": return "true"
            case "0", "false", "no", "off": return "false"
            default: return nil
            }
        }
    }

    private static func expected(_ kind: Setting.Kind) -> String {
        switch kind {
        case .string: "a text, in quotes"
        case .list: "a list of texts, in brackets"
        case .integer: "a whole number"
        case .boolean: "true or false"
        }
    }

    /// Where a setting stands that was written without its table, or in another one.
    private static func table(of key: String) -> String {
        let name = key.split(separator: ".").last.map(String.init) ?? key
        guard
            let setting = Setting.allCases.first(where: {
                $0.rawValue.split(separator: ".").last.map(String.init) == name
            })
        else { return "" }
        return "; \(setting.rawValue) is one"
    }

    private static func invalid(_ reason: String) -> ChatEvent.Notice {
        .init(
            .configInvalid, "the configuration cannot be used: \(reason)",
            hint:
                "mend that line; --config /dev/null leaves the file out, and lists with 'termtalk config' what may be set"
        )
    }
}
