/// How a member comes into the room, and what came of its tries.
struct Entrance {
    /// Whether this member may be the first of a group that others come into later.
    let foundsGroup: Bool
    /// Welcomes that let it in nowhere, since it was in the room.
    private(set) var wrongWelcomes = 0
    var secretTellers = SecretTellers()

    init(foundsGroup: Bool) { self.foundsGroup = foundsGroup }

    /// A Welcome has let it in nowhere. Returns whether there is another try: at a relay another member makes the next one, as nobody but
    /// this one sees that it was wrong.
    mutating func failed(_ error: GroupError, isAtRelay: Bool) -> Bool {
        wrongWelcomes += 1
        return isAtRelay && (error == .cannotJoin || error == .wrongCreator)
            && wrongWelcomes < MemberClient.welcomesTried
    }

    /// It is in.
    mutating func succeeded() {
        wrongWelcomes = 0
        secretTellers = SecretTellers()
    }
}
