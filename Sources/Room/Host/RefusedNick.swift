/// Why somebody cannot be called what it asks for.
struct RefusedNick: Error {
    var code: RoomCode
}
