internal import EventLoop
internal import SecureSession
internal import Wire

/// What a host says to its members in one turn of the loop: sealed at its end, one message and one write a member.
final class SealingTurn {
    /// Bytes that are sealed before they are written: writes that follow each other closely wake a receiver that serves
    /// many of the connections, as tor does, once and not each time. Small enough for the processor's cache.
    private static let burstByteCount = 65_536

    private let loop: EventLoop
    private var dirty: [HostConnection] = []
    /// Takes turns with `dirty`, so that neither is allocated anew in each turn of the loop.
    private var flushing: [HostConnection] = []
    /// Frames that are sealed and not written yet, one connection's after the other's.
    private var wire: [UInt8] = []
    /// Whose frames `wire` holds, and where they end.
    private var sealed: [(connection: HostConnection, end: Int)] = []

    /// What is sealed for one member, in turn.
    private var messages: [EncodedMessage] = []
    private(set) var deliveries: UInt64 = 0
    private(set) var sentByteCount: UInt64 = 0

    /// Seals what there is for a connection, and hears of what became of it; held for a whole turn, not for each connection.
    weak var node: HostNode?

    init(loop: EventLoop) {
        self.loop = loop
    }

    /// Seals for the connection at the end of the turn.
    func add(_ connection: HostConnection) {
        guard !connection.isDirty, connection.stream != nil else { return }
        connection.isDirty = true
        if dirty.isEmpty {
            loop.atEndOfTurn { [weak self] in self?.flush() }
        }
        dirty.append(connection)
    }

    private func flush() {
        guard let node else { return }
        swap(&dirty, &flushing)
        for connection in flushing {
            connection.isDirty = false
            sealFrames(for: connection, of: node)
            if wire.count >= Self.burstByteCount {
                writeSealed(of: node)
            }
        }
        writeSealed(of: node)
        flushing.removeAll(keepingCapacity: true)
    }

    private func sealFrames(for connection: HostConnection, of node: HostNode) {
        // The rest waits in the log, shared with the other members, and not as ciphertext of this one.
        guard let stream = connection.stream, stream.pendingByteCount <= WaterMarks.standard.high else { return }
        let start = wire.count
        do {
            messages.removeAll(keepingCapacity: true)
            deliveries &+= UInt64(try node.seal(connection, with: &messages, into: &wire))
        } catch {
            wire.removeSubrange(start...)
            node.fail(connection)
            return
        }
        sentByteCount &+= UInt64(wire.count - start)
        sealed.append((connection, end: wire.count))
    }

    private func writeSealed(of node: HostNode) {
        var start = 0
        for (connection, end) in sealed {
            if start < end {
                connection.stream?.write(wire.span.extracting(start..<end))
            }
            start = end
            if connection.stream != nil {
                node.written(connection)
            }
        }
        sealed.removeAll(keepingCapacity: true)
        // One member that gets much at once is rare.
        wire.removeAll(keepingCapacity: wire.capacity <= 2 * Self.burstByteCount)
    }
}
