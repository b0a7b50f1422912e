/// Why a text is not a configuration, and in which line.
package struct TOMLError: Error, Equatable, Sendable {
    /// From 1.
    var line: Int
    /// For people: `the string has no end`.
    var reason: String
}
