internal import Chat

/// What a host is told whose room is to get another address, or has lost its own.
extension ChatEvent.Notice {
    static let movedJustNow = Self(
        .notPermitted, "the room was not moved: it has been just now", hint: "try again in some minutes")
    static let movedTooOften = Self(
        .notPermitted, "the room was not moved: it has been \(KeptRoom.moveLimit) times",
        hint: "open another room, and send its invite")
    static let torLostByHost = Self(
        .torControlLost, "tor ended the connection: nobody can come in until it is back",
        hint: "the room goes on; the same address works again when tor does")

    static let notMovableTarget = notMovable(
        "tor reaches it at one place only, where nobody says by which address they come",
        hint: "leave out --onion-target where tor and termtalk are on one machine, or open another room")
    static let notMovableBehind = notMovable(
        "its address is that of a service which torrc defines",
        hint: "let torrc define another service, and start the room behind that")
    static let notMovableDirect = notMovable(
        "it has no onion address", hint: "open another room, and send its invite")

    private static func notMovable(_ reason: String, hint: String) -> Self {
        .init(.notPermitted, "the room was not moved: \(reason)", hint: hint)
    }
}
