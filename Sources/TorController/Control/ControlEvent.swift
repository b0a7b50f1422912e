/// An asynchronous event of tor, of the kinds this program asks for.
package enum ControlEvent: Equatable, Sendable {
    case descriptor(DescriptorEvent)
    case bootstrap(BootstrapStatus)
    case networkLiveness(isUp: Bool)
    case circuit(CircuitEvent)
    /// Any other event, by its first word.
    case other(String)

    /// An event that cannot be read is `other`: tor may add to them at any time.
    init(_ reply: ControlReply) {
        let text = reply.lines.first?.text ?? ""
        let keyword = String(text.prefix { $0 != " " })
        self = .other(keyword)
        if let event = CircuitEvent(text) { self = .circuit(event) }
        guard !keyword.hasPrefix("CIRC"), let arguments = try? ControlArguments(text) else { return }
        switch keyword {
        case "HS_DESC":
            if let event = DescriptorEvent(arguments) { self = .descriptor(event) }
        case "STATUS_CLIENT":
            if let status = BootstrapStatus(arguments, offset: 1) { self = .bootstrap(status) }
        case "NETWORK_LIVENESS":
            switch arguments.positional.dropFirst().first {
            case "UP": self = .networkLiveness(isUp: true)
            case "DOWN": self = .networkLiveness(isUp: false)
            default: break
            }
        default: break
        }
    }
}

/// What happened to the descriptor of an onion service, ours or one that is being dialed.
///
///     HS_DESC UPLOADED ac2m…zdad UNKNOWN $2B1D…~relay3
///     HS_DESC FAILED ac2m…zdad NO_AUTH $2B1D…~relay3 8pJ…Q REASON=NOT_FOUND
package struct DescriptorEvent: Equatable, Sendable {
    package enum Action: String, Sendable {
        case requested = "REQUESTED"
        case received = "RECEIVED"
        case created = "CREATED"
        case upload = "UPLOAD"
        case uploaded = "UPLOADED"
        case ignore = "IGNORE"
        case failed = "FAILED"
    }

    var action: Action
    /// 56 characters, or UNKNOWN.
    var serviceID: String
    /// The directory, `$` and 40 hex digits with `~` and a nickname; nil where tor names none.
    var directory: String?
    /// The blinded key of the descriptor, of `upload`: it differs between time periods.
    var descriptorID: String?
    /// Such as NOT_FOUND or UPLOAD_REJECTED, of `failed`.
    var reason: String?

    init?(_ arguments: ControlArguments) {
        let words = arguments.positional
        guard words.count >= 3, let action = Action(rawValue: words[1]) else { return nil }
        self.action = action
        serviceID = words[2].lowercased()
        directory = words.count > 4 ? words[4] : nil
        descriptorID = words.count > 5 ? words[5] : nil
        reason = arguments[name: "REASON"]
    }
}

/// How far bootstrapping is, from the event or from `GETINFO status/bootstrap-phase`.
///
///     NOTICE BOOTSTRAP PROGRESS=100 TAG=done SUMMARY="Done"
///     WARN BOOTSTRAP PROGRESS=5 TAG=conn SUMMARY="Connecting to a relay" WARNING="Connection refused"
///       REASON=CONNECTREFUSED COUNT=5 RECOMMENDATION=warn HOSTID="…" HOSTADDR="127.0.0.1:1"
package struct BootstrapStatus: Equatable, Sendable {
    /// 0 to 100.
    var progress: Int
    var tag: String
    var summary: String
    /// What hinders it, when tor knows.
    var warning: String?

    var isDone: Bool { progress == 100 }

    /// Reads the value of `GETINFO status/bootstrap-phase`.
    init?(_ text: String) {
        guard let arguments = try? ControlArguments(text) else { return nil }
        self.init(arguments, offset: 0)
    }

    init(progress: Int, tag: String, summary: String, warning: String? = nil) {
        self.progress = progress
        self.tag = tag
        self.summary = summary
        self.warning = warning
    }

    /// `offset` words come before the severity.
    init?(_ arguments: ControlArguments, offset: Int) {
        let words = arguments.positional.dropFirst(offset)
        guard words.count >= 2, words[offset + 1] == "BOOTSTRAP",
            let progress = arguments[name: "PROGRESS"].flatMap({ UInt8(decimal: $0) }), progress <= 100
        else { return nil }
        self.progress = Int(progress)
        tag = arguments[name: "TAG"] ?? ""
        summary = arguments[name: "SUMMARY"] ?? ""
        warning = arguments[name: "WARNING"]
    }
}
