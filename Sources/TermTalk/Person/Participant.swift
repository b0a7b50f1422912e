package import Chat
package import Room

/// What a person can do in a room, whether they host it or joined it; results come as events.
package protocol Participant: AnyObject {
    /// Who speaks; nil before there is a room, and where the host takes no part.
    var member: LoopMember? { get }
    func listMembers()
    func showInvite(as form: InviteForm)
    func perform(_ command: FileCommand)
    /// For moderators only, and some of it for the host only; others are told so.
    func perform(_ command: RoomCommand)
    /// Leaves after everything said has been delivered; a host's leaving closes the room.
    func leave()
    /// Leaves at once, whatever is on its way, and removes what is on disk about the room.
    func panic()
    /// Whether this participant moderates the room.
    var isModerator: Bool { get }
    /// How many others are in a room that ends for them when this participant leaves.
    var othersWhoseRoomEnds: Int { get }
    /// Whether the room goes on when it is opened again.
    var isKept: Bool { get }
    /// How many others are in a room that this participant can end.
    var othersToEnd: Int { get }
    /// Whether so much waits to be delivered that no more should be read from the person's input.
    var isCongested: Bool { get }
    /// Called when `isCongested` has become false.
    var onDecongested: (() -> Void)? { get set }
    /// How far the console is: what it has not taken is not acknowledged as received. Nil when it takes all at once.
    var outputProgress: (() -> OutputProgress)? { get set }
    /// The console has taken more of what waited.
    func outputProgressed()
}

extension Participant {
    package var othersToEnd: Int { 0 }

    package var isKept: Bool { false }

    package func say(_ text: String, kind: MessageContent.Kind, to receiver: String?) {
        member?.say(text, kind: kind, to: receiver)
    }

    package func changeNick(to nick: String) { member?.changeNick(to: nick) }

    package func verify(_ command: VerifyCommand) { member?.verify(command) }
}
