internal import Chat

/// What a stay is for that does one thing and leaves: told what happens, it says what is to be done next. A value that knows
/// no console.
protocol Errand {
    /// Takes an event of the room, and says what follows from it.
    mutating func heard(_ event: ChatEvent) -> [ErrandStep]
    /// The time of ``ErrandStep/wait(_:_:)`` with this number is over.
    mutating func waited(_ number: Int) -> [ErrandStep]
    /// Why it failed, when the stay is over now; nil when everything was done.
    func failure(_ reason: ChatEvent.CloseReason) -> ChatEvent.Notice?
    /// Whether the event is worth showing.
    func shows(_ event: ChatEvent, isJSON: Bool) -> Bool
}

extension Errand {
    mutating func waited(_ number: Int) -> [ErrandStep] { [] }
}

/// What an errand does next.
enum ErrandStep: Equatable {
    case say(String)
    case file(FileCommand)
    /// Comes back with the number after so long.
    case wait(Duration, Int)
    case leave
    case fail(ChatEvent.Notice)
}
