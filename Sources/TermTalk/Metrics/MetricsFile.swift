internal import Chat
internal import EventLoop

/// A file of mode 0600 that has the metrics, replaced as a whole again and again, and removed at the end.
final class MetricsFile {
    /// As often as Prometheus looks by default, or more often.
    static let interval = Duration.seconds(15)

    private let file: PrivateFile
    private let loop: EventLoop
    private let text: () -> String
    private let onResult: (ChatEvent.Notice?) -> Void
    private var timer: TimerHandle?
    private var isWriting = false
    private var isWritten = false
    private var afterWriting: (() -> Void)?

    /// - Parameters:
    ///   - text: the metrics of now.
    ///   - onResult: called after each time, with what went wrong, if anything did.
    init(
        path: String, loop: EventLoop, text: @escaping () -> String,
        onResult: @escaping (ChatEvent.Notice?) -> Void
    ) {
        file = PrivateFile(path: path)
        self.loop = loop
        self.text = text
        self.onResult = onResult
        write()
    }

    /// Removes the file, if it was written.
    func close(then done: @escaping () -> Void) {
        timer?.cancel()
        timer = nil
        afterWriting = { [self] in
            guard isWritten else { return done() }
            loop.offload(within: UserDirectories.diskPatience) { [file] in
                try? file.shred()
            } then: { _ in
                done()
            }
        }
        if !isWriting { afterWriting?() }
    }

    private func write() {
        isWriting = true
        let isFirst = !isWritten
        let content = Array(text().utf8)
        loop.offload(within: UserDirectories.diskPatience) { [file] () -> PrivateFile.Failure? in
            do throws(PrivateFile.Failure) {
                if isFirst { try Self.check(file) }
                try file.write(content)
                return nil
            } catch {
                return error
            }
        } then: { [weak self] result in
            switch result {
            case .some(nil): self?.wrote(nil)
            case .some(let failure?): self?.wrote(.metricsFile(failure))
            case nil: self?.wrote(.metricsFile(nil))
            }
        }
    }

    /// Nobody's file is written over but one of metrics.
    private static func check(_ file: PrivateFile) throws(PrivateFile.Failure) {
        guard let before = try file.read(), !before.isEmpty else { return }
        guard before.starts(with: RoomMetrics.beginning.utf8) else { throw .tooLarge }
    }

    private func wrote(_ notice: ChatEvent.Notice?) {
        isWriting = false
        if notice == nil { isWritten = true }
        if let afterWriting {
            self.afterWriting = nil
            return afterWriting()
        }
        timer = loop.schedule(after: Self.interval) { [weak self] in self?.write() }
        onResult(notice)
    }
}
