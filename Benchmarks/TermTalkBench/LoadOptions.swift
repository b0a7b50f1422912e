/// The arguments of the load generator: those of shared/bench's loadgen that make sense here.
struct LoadOptions {
    enum Test: String {
        case fanout, idle, setup, away, bound, bulk, latency, arrivals
    }

    /// Whose room it is, and who can open what is said there.
    enum Room: String {
        /// A host's, in which nobody can: what is said only looks like content.
        case opaque
        /// A host's, whose participant opens what the senders say, who are in the group for real.
        case opened
        /// A relay's. The first member is in the group for real, and lets the others in; what these say only looks like content.
        case relay
    }

    private(set) var test = Test.fanout
    private(set) var room = Room.opaque
    private(set) var label = ""
    /// Of the room's hosts: members go to each in turn.
    private(set) var ports: [UInt16] = []
    /// Or the Unix socket at which the host listens.
    private(set) var path: String?
    private(set) var members = 10
    /// Members that talk, the first of those that found nothing.
    private(set) var senders = 1
    /// Members that come first, stay, say nothing, and let the others in.
    var founders: Int { room == .relay ? 1 : 0 }
    /// Bytes of a message's content; where it is opened, what is sealed is a short text, which has 422.
    private(set) var size = 128
    /// Of the test of the bound: bytes that the host's log may hold.
    private(set) var keepSize = 4_194_304
    /// Messages whose deliveries are not all in.
    private(set) var window = 1
    /// Messages a second, of the tests of latency and arrivals.
    private(set) var rate = 50.0
    /// Seconds; of the test of arrivals, those within which people come.
    private(set) var duration = 2.0
    private(set) var warmUp = 0.5
    /// Connections in all, of the setup test.
    private(set) var total = 300
    /// Connections at a time that are not in the room yet.
    private(set) var concurrency = 16
    /// Processes of the server.
    private(set) var processes: [Int32] = []

    init(_ arguments: ArraySlice<String>) throws {
        var rest = arguments
        while let name = rest.popFirst() {
            guard let value = rest.popFirst() else { throw BenchmarkError("argument of \(name)?") }
            switch name {
            case "--test": test = try Self.parse(value, Test.init)
            case "--room": room = try Self.parse(value, Room.init)
            case "--keep-size": keepSize = try Self.parse(value, Int.init)
            case "--label": label = value
            case "--port": ports = try value.split(separator: ",").map { try Self.parse(String($0), UInt16.init) }
            case "--unix": path = value
            case "--rate": rate = try Self.parse(value, Double.init)
            case "--n": members = try Self.parse(value, Int.init)
            case "--senders": senders = try Self.parse(value, Int.init)
            case "--size": size = max(32, try Self.parse(value, Int.init))
            case "--window": window = try Self.parse(value, Int.init)
            case "--secs": duration = try Self.parse(value, Double.init)
            case "--warm": warmUp = try Self.parse(value, Double.init)
            case "--total": total = try Self.parse(value, Int.init)
            case "--conc": concurrency = try Self.parse(value, Int.init)
            case "--pids": processes = try value.split(separator: ",").map { try Self.parse(String($0), Int32.init) }
            case "--adapter": guard value == "termtalk" else { throw BenchmarkError("no such adapter") }
            default: throw BenchmarkError("unknown \(name)")
            }
        }
        guard !ports.isEmpty || path != nil else { throw BenchmarkError("--port?") }
        senders = min(senders, members - founders)
        guard senders > 0 else { throw BenchmarkError("nobody is there to say something") }
    }

    private static func parse<Value>(_ text: String, _ make: (String) -> Value?) throws -> Value {
        guard let value = make(text) else { throw BenchmarkError("not a value: \(text)") }
        return value
    }
}
