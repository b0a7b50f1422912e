/// How a piece of text on the screen looks; the painter makes of it what the terminal can do.
package struct TextStyle: Hashable, Sendable {
    package enum Colour: Hashable, Sendable {
        case plain
        /// The colour of a member, from its id.
        case member(UInt64)
        /// The program's own lines.
        case system
        case warning
        case error
        /// How far an own message has come.
        case mark
    }

    var colour = Colour.plain
    var isBold = false
    var isReversed = false

    init(_ colour: Colour = .plain, bold: Bool = false, reversed: Bool = false) {
        self.colour = colour
        isBold = bold
        isReversed = reversed
    }
}
