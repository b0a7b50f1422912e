internal import Chat
internal import EventLoop

/// Writes something small off the loop and takes it back at the end. Work that is offloaded has no order: what is written must
/// not come after what takes it back.
final class DiskRecord {
    private let loop: EventLoop
    private let tell: (ChatEvent) -> Void
    private var writing = 0
    private var afterWriting: (() -> Void)?

    init(loop: EventLoop, tell: @escaping (ChatEvent) -> Void) {
        self.loop = loop
        self.tell = tell
    }

    /// What goes wrong is told.
    func write(_ body: @escaping @Sendable () -> ChatEvent.Notice?) {
        writing += 1
        loop.offload(within: UserDirectories.diskPatience, body) { [weak self, tell] notice in
            if let notice = notice ?? .diskHangs { tell(.warning(notice)) }
            self?.ended()
        }
    }

    private func ended() {
        writing -= 1
        guard writing == 0, let next = afterWriting else { return }
        afterWriting = nil
        next()
    }

    /// Calls `body` when nothing is being written any more, at once if nothing is.
    func afterwards(_ body: @escaping () -> Void) {
        if writing > 0 { afterWriting = body } else { body() }
    }
}
