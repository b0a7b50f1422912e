internal import Chat
internal import EventLoop

/// Brings a host's metrics to where its operator wants them.
final class MetricsExport {
    enum Event {
        /// They cannot be brought there at all.
        case failed(ChatEvent.Notice)
        /// They cannot for now; told once, until they can again.
        case warning(ChatEvent.Notice)
    }

    private enum Place {
        case file(MetricsFile)
        case socket(MetricsSocket)
    }

    private let tell: (Event) -> Void
    private var place: Place?
    private var hasWorked = false
    private var isFailing = false

    /// - Parameters:
    ///   - text: the metrics of now.
    ///   - tell: not called before this returns.
    init(
        at place: MetricsPlace, loop: EventLoop, text: @escaping () -> String, tell: @escaping (Event) -> Void
    ) {
        self.tell = tell
        switch place {
        case .file(let path):
            self.place = .file(
                MetricsFile(path: path, loop: loop, text: text) { [weak self] notice in self?.wrote(notice) })
        case .socket(let path):
            do throws(ListenError) {
                self.place = .socket(try MetricsSocket(path: path, loop: loop, text: text))
            } catch {
                loop.atEndOfTurn { tell(.failed(.metricsSocket(error))) }
            }
        }
    }

    /// Nothing stays of them.
    func close(then done: @escaping () -> Void) {
        let place = self.place
        self.place = nil
        switch place {
        case .file(let file): file.close(then: done)
        case .socket(let socket):
            socket.close()
            done()
        case nil: done()
        }
    }

    private func wrote(_ notice: ChatEvent.Notice?) {
        guard place != nil else { return }
        guard let notice else {
            hasWorked = true
            isFailing = false
            return
        }
        guard hasWorked else { return tell(.failed(notice)) }
        if !isFailing { tell(.warning(notice)) }
        isFailing = true
    }
}
