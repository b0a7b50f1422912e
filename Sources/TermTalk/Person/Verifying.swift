internal import EventLoop
internal import Room

/// What `/verify` does at a member and at the host's own participant alike.
enum Verifying {
    /// - Parameters:
    ///   - withClient: carries out something on the member, and what follows from it.
    static func perform(
        _ command: VerifyCommand, loop: EventLoop,
        withClient:
            @escaping ((inout MemberClient, inout [MemberClient.Action]) throws(ChatEvent.Notice) -> Void) -> Void
    ) {
        withClient { client, actions throws(ChatEvent.Notice) in
            switch command {
            case .member(let name): try client.check(name, actions: &actions)
            case .answer(let name, let isSame): try client.answerCheck(name, isSame: isSame, actions: &actions)
            case .room:
                let roomWords = try client.roomWords()
                loop.offload {
                    try? roomWords.words()
                } then: { words in
                    withClient { client, actions throws(ChatEvent.Notice) in
                        guard let words else { throw .wordsNeedMemory }
                        let overview = client.overview(epoch: roomWords.epoch, words: words)
                        actions.append(.tell(.verification(.room(overview))))
                    }
                }
            }
        }
    }
}

extension ChatEvent.Notice {
    fileprivate static let wordsNeedMemory = Self(
        .internalError, "the room words cannot be made: there is not enough memory",
        hint: "64 MiB are needed; try again")
}
