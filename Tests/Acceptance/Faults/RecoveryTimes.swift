/// How long it took after each fault until messages got through again, both ways.
struct RecoveryTimes: CustomStringConvertible {
    private var seconds: [String: [Double]] = [:]

    var count: Int { seconds.values.reduce(0) { $0 + $1.count } }

    mutating func add(_ kind: String, _ time: Duration) {
        seconds[kind, default: []].append(time / .seconds(1))
    }

    var description: String {
        seconds.sorted { $0.key < $1.key }.map { kind, times in
            let sorted = times.sorted()
            let median = (sorted[sorted.count / 2] + sorted[(sorted.count - 1) / 2]) / 2
            return "  " + kind.padded(to: 44) + "\(sorted.count)".padded(to: 5)
                + "median \(median.rounded1) s".padded(to: 16) + "worst \((sorted.last ?? 0).rounded1) s"
        }.joined(separator: "\n")
    }
}

extension String {
    fileprivate func padded(to count: Int) -> String {
        self + String(repeating: " ", count: max(1, count - self.count))
    }
}

extension Double {
    fileprivate var rounded1: Double { (self * 10).rounded() / 10 }
}
