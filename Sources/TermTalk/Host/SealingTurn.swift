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

    /// Seals what there is for a connection, with room for messages that is used again. Returns how many messages of the log that were.
    var seal: ((HostConnection, inout [EncodedMessage], inout [UInt8]) throws(SessionError) -> Int)?
    /// Called for a connection on which nothing can be sealed any more.
    var onFailed: ((HostConnection) -> Void)?
    /// Called for a connection whose frames have been written.
    var onWritten: ((HostConnection) -> Void)?

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
        swap(&dirty, &flushing)
        for connection in flushing {
            connection.isDirty = false
            sealFrames(for: connection)
            if wire.count >= Self.burstByteCount {
                writeSealed()
            }
        }
        writeSealed()
        flushing.removeAll(keepingCapacity: true)
    }

    private func sealFrames(for connection: HostConnection) {
        // The rest waits in the log, shared with the other members, and not as ciphertext of this one.
        guard let stream = connection.stream, stream.pendingByteCount <= WaterMarks.standard.high else { return }
        let start = wire.count
        do {
            messages.removeAll(keepingCapacity: true)
            deliveries &+= UInt64(try seal?(connection, &messages, &wire) ?? 0)
        } catch {
            wire.removeSubrange(start...)
            onFailed?(connection)
            return
        }
        sentByteCount &+= UInt64(wire.count - start)
        sealed.append((connection, end: wire.count))
    }

    private func writeSealed() {
        var start = 0
        for (connection, end) in sealed {
            if start < end {
                connection.stream?.write(wire.span.extracting(start..<end))
            }
            start = end
            if connection.stream != nil {
                onWritten?(connection)
            }
        }
        sealed.removeAll(keepingCapacity: true)
        // One member that gets much at once is rare.
        wire.removeAll(keepingCapacity: wire.capacity <= 2 * Self.burstByteCount)
    }
}
