import Synchronization

/// One process in the room, from its start to its end, and what it said. A person whose process is killed is there again
/// with another one.
final class FaultStay: Sendable {
    let name: String
    /// Whether it was there before anything was said.
    let isFirst: Bool
    let process: TermTalkProcess
    private let state = Mutex((said: 0, isKilled: false))

    init(person: String, number: Int, process: TermTalkProcess) {
        name = "\(person)\(number)"
        isFirst = number == 1
        self.process = process
    }

    var said: Int { state.withLock { $0.said } }
    var isKilled: Bool { state.withLock { $0.isKilled } }

    /// Says the next text, and returns it.
    @discardableResult
    func say() -> String {
        state.withLock { state in
            let text = "\(name):\(state.said)"
            state.said += 1
            // In the order of the numbers, whoever makes it speak.
            process.send(text)
            return text
        }
    }

    /// Whoever has said something may not have been heard.
    func willEnd() {
        state.withLock { $0.isKilled = true }
    }
}
