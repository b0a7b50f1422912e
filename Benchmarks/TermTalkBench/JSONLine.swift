/// One line of results.
struct JSONLine {
    private var fields: [String] = []

    mutating func add(_ name: String, _ value: String) {
        fields.append("\"\(name)\":\"\(value)\"")
    }

    mutating func add(_ name: String, _ value: Int) {
        fields.append("\"\(name)\":\(value)")
    }

    /// `value` with four digits after the point.
    mutating func add(_ name: String, _ value: Double) {
        fields.append("\"\(name)\":\(value.isFinite ? (value * 10_000).rounded() / 10_000 : 0)")
    }

    var text: String { "{\(fields.joined(separator: ","))}" }
}
