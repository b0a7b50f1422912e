/// Why a text is not a configuration, and in which line.
package struct TOMLError: Error, Equatable, Sendable {
    /// From 1.
    package var line: Int
    /// For people: `the string has no end`.
    package var reason: String
}
