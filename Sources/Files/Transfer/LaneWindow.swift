/// How many bytes of pieces may be under way on one connection, so that a message that comes behind them waits for little.
///
/// A window that grows until the answer is late has gone too far by a round trip: it grows while answers come as fast as on
/// an idle connection, between bounds that are known to be harmless (docs/protocol.md, "Files").
package struct LaneWindow: Sendable {
    /// Between which bytes a window stays.
    package struct Bounds: Sendable, Equatable {
        let smallest: Int
        let largest: Int

        /// Fewer than 64 KB leave a circuit half empty; 256 KB fill it, and messages still take what they take in an idle room.
        package static let overTor = Bounds(smallest: 65_536, largest: 262_144)
        /// Round trips of direct connections say soon when there are too many.
        package static let direct = Bounds(smallest: 32_768, largest: 1_048_576)
    }

    /// Bytes with which a window begins.
    static let firstByteCount = 65_536

    /// Round trips of which the usual one is found.
    private static let sampleCount = 16
    /// What a loop that is busy may add to a round trip.
    private static let slack = Duration.microseconds(500)

    private struct Mark {
        let end: UInt64
        let at: Duration
        /// Nothing else was under way.
        let wasIdle: Bool
    }

    private let bounds: Bounds
    /// Bytes that may be under way.
    private(set) var byteCount = LaneWindow.firstByteCount
    private var sentBytes: UInt64 = 0
    private var takenBytes: UInt64 = 0
    private var marks: [Mark] = []
    private var idle: [Duration] = []
    private var recent: [Duration] = []
    private var lastCut: Duration = .zero

    init(_ bounds: Bounds) {
        self.bounds = bounds
    }

    /// Whether nothing has been sent.
    var isFresh: Bool { sentBytes == 0 }

    var underWay: Int { Int(clamping: sentBytes - takenBytes) }

    /// Whether another piece may be sent.
    var hasRoom: Bool { underWay + FileFormat.pieceFrameByteCount <= byteCount }

    mutating func sent(_ count: Int, now: Duration) {
        marks.append(Mark(end: sentBytes + UInt64(count), at: now, wasIdle: underWay == 0))
        sentBytes += UInt64(count)
    }

    /// The peer has received so many bytes since the connection began.
    ///
    /// - Throws: ``FileError/malformed`` for a number that cannot be.
    mutating func taken(upTo count: UInt64, now: Duration) throws(FileError) {
        guard count >= takenBytes, count <= sentBytes else { throw .malformed }
        takenBytes = count
        let done = marks.prefix { $0.end <= count }.count
        for mark in marks.prefix(done) {
            adjust(now - mark.at, wasIdle: mark.wasIdle, now: now)
        }
        marks.removeFirst(done)
    }

    private mutating func adjust(_ roundTrip: Duration, wasIdle: Bool, now: Duration) {
        if wasIdle { Self.add(roundTrip, to: &idle) }
        Self.add(roundTrip, to: &recent)
        let usual = idle.isEmpty ? recent.sorted()[recent.count / 4] : idle.sorted()[idle.count / 2]
        if roundTrip <= usual * 1.3 + Self.slack {
            byteCount = min(byteCount + FileFormat.pieceFrameByteCount, bounds.largest)
        } else if roundTrip > usual * 1.5 + Self.slack, now - lastCut > roundTrip {
            byteCount = max(byteCount / 5 * 4, bounds.smallest)
            lastCut = now
        }
    }

    private static func add(_ sample: Duration, to samples: inout [Duration]) {
        if samples.count == sampleCount { samples.removeFirst() }
        samples.append(sample)
    }
}
