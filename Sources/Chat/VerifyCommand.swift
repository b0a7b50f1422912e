/// What a person asks for with `/verify`. Members are named by id or nick.
package enum VerifyCommand: Sendable, Equatable {
    /// The room words and the fingerprints of all members.
    case room
    /// Words to compare with one member.
    case member(String)
    /// Whether that member has the same words, as it said over another channel.
    case answer(String, isSame: Bool)
}
