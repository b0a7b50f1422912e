internal import Chat
internal import EventLoop

extension RoomHost {
    /// What brings the room's numbers to where its operator wants them; nil where they were not asked for.
    func metricsExport() -> MetricsExport? {
        guard let place = options.metrics else { return nil }
        let startedAt = wallClock()
        return MetricsExport(at: place, loop: loop) { [weak self] in
            RoomMetrics(startedAt: startedAt, room: self?.numbers).text
        } tell: { [weak self] event in
            guard let self, !self.isClosed else { return }
            switch event {
            case .failed(let notice): self.fail(notice)
            case .warning(let notice): self.tell(.warning(notice))
            }
        }
    }

    private var numbers: RoomMetrics.Room? {
        room.map { $0.node.metrics(endsAt: $0.entry.expires) }
    }
}
