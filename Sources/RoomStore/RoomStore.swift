import Glibc
package import Sodium

/// What a kept room stands in on the disk: its latest snapshot, the log's entries, and the inputs since, each sealed.
///
/// One process has a store at a time. Opening and creating block; ``append(_:)`` and ``checkpoint(_:)`` hand over to the store's
/// writer thread, which reports what is on the disk. docs/storage.md, "Kept rooms", has the format.
package final class RoomStore: Sendable {
    /// What a room is kept with.
    package static let keyByteCount = 32

    private let queue: StoreQueue
    private let folder: StoreFolder

    /// Makes an empty store named `name`, the folder `NAME.store` in `directory`, which must be there. `report` is called on the
    /// writer thread.
    ///
    /// - Precondition: the key has 32 bytes; the name can be a file's.
    /// - Throws: ``StoreError/alreadyExists``, ``StoreError/locked``, ``StoreError/noSpace``, ``StoreError/readOnly``, and others.
    package static func create(
        in directory: String, name: String, key: borrowing SecretBytes,
        report: @escaping @Sendable (StoreReport) -> Void
    ) throws(StoreError) -> RoomStore {
        check(name, key)
        let folder = try StoreFolder(new: name, in: directory)
        do throws(StoreError) {
            let rowKey = SecretBytes(randomCount: keyByteCount)
            let keyFile = StoreKeyFile(sealing: rowKey, key: key, name: name)
            try folder.write(keyFile.bytes, to: StoreFolder.keyName, isNew: true)
            try folder.write([], to: StoreFolder.databaseName, isNew: true)
            try RoomDatabase.create(path: folder.databasePath, seal: RowSeal(key: rowKey))
            guard Ballast(folder: folder).hold() else { throw .noSpace }
            try folder.publish(as: name)
        } catch {
            try? folder.removeAll()
            throw error
        }
        folder.unlock()
        return try open(in: directory, name: name, key: key, report: report).store
    }

    /// Opens a store, with all that is in it.
    ///
    /// - Precondition: the key has 32 bytes; the name can be a file's.
    /// - Throws: any ``StoreError`` but those of writing.
    package static func open(
        in directory: String, name: String, key: borrowing SecretBytes,
        report: @escaping @Sendable (StoreReport) -> Void
    ) throws(StoreError) -> (store: RoomStore, room: RecoveredRoom) {
        check(name, key)
        let folder = try StoreFolder(existing: name, in: directory)
        // Of one that was ended files may be missing: its deletion was under way when the process ended.
        if folder.isEmpty || folder.isEnded {
            try folder.removeAll()
            throw .notFound
        }
        try folder.checkFiles()
        let keyFile = try StoreKeyFile(
            reading: folder.read(StoreFolder.keyName, atMost: StoreKeyFile.byteCount + 1))
        let seal = RowSeal(key: try keyFile.rowKey(key: key, name: name))
        let ballast = Ballast(folder: folder)
        let tables = try RoomDatabase.open(path: folder.databasePath, seal: seal)
        let room = try tables.recover(reserve: ballast)
        let queue = StoreQueue(nextInput: room.nextInput)
        let writer = StoreWriter(
            tables, queue: queue, ballast: ballast, snapshotByteCount: room.snapshot?.count ?? 0, report: report)
        try StoreThread.start(writer, queue: queue, folder: folder)
        return (RoomStore(queue: queue, folder: folder), room)
    }

    /// Whether a store was ended, and not all of it is deleted yet.
    package static func isEnded(in directory: String, name: String) -> Bool {
        (try? StoreFolder(existing: name, in: directory))?.isEnded == true
    }

    /// Deletes a store that is not open, for which no key is needed, and makes its rows unreadable for ever.
    ///
    /// - Throws: ``StoreError/notFound``, ``StoreError/locked``, ``StoreError/distrusted(_:_:)``, and others.
    package static func delete(in directory: String, name: String) throws(StoreError) {
        try StoreFolder(existing: name, in: directory).destroy()
    }

    private static func check(_ name: String, _ key: borrowing SecretBytes) {
        precondition(key.count == keyByteCount && !name.isEmpty && !name.contains("/"))
    }

    private init(queue: StoreQueue, folder: StoreFolder) {
        self.queue = queue
        self.folder = folder
    }

    deinit {
        queue.end(deleting: false)
    }

    /// Bytes of inputs that are not on the disk yet. Whoever brings inputs stops reading well before
    /// ``StoreLimits/waitingByteCount``.
    package var waitingByteCount: Int { queue.waitingByteCount }

    /// Hands inputs to the writer. A number that was given before is harmless with the same bytes; else, each follows the one
    /// before it.
    ///
    /// - Throws: ``StoreError/outOfOrder(_:)``, ``StoreError/tooLarge``, ``StoreError/overloaded``, ``StoreError/closed``; nothing is
    ///   taken then.
    package func append(_ inputs: [NumberedBytes]) throws(StoreError) {
        try queue.append(inputs)
    }

    /// The same, and a checkpoint behind them: all of it comes to the disk together, or nothing. The checkpoint's input is one of
    /// them, or was given or recovered before.
    ///
    /// - Throws: ``StoreError/outOfOrder(_:)``, ``StoreError/tooLarge``, ``StoreError/overloaded``, ``StoreError/closed``.
    package func append(_ inputs: [NumberedBytes], then checkpoint: StoreCheckpoint) throws(StoreError) {
        try queue.append(inputs, checkpoint)
    }

    /// What the host's own participant has received in the room's order, which is written with what comes next, or alone; a lower
    /// number than before changes nothing.
    package func note(received number: UInt64) {
        queue.note(received: number)
    }

    /// Makes all rows unreadable for ever, which is on the disk when this returns: a store that was ended is none any more,
    /// whatever becomes of the process. ``delete(within:)`` follows. Blocks.
    package func end() throws(StoreError) {
        try folder.end()
    }

    /// Writes all that waits and lets go of the store. Blocks for `duration` at most.
    ///
    /// - Throws: what could not be written; ``StoreError/timedOut``, after which it goes on.
    package func close(within duration: Duration) throws(StoreError) {
        queue.end(deleting: false)
        try queue.waitForEnd(deleting: false, atMost: duration)
    }

    /// Makes all rows unreadable for ever and deletes the store; what waits is not written. Blocks for `duration` at most.
    ///
    /// - Throws: what could not be deleted; ``StoreError/timedOut``, after which it goes on; ``StoreError/closed`` after
    ///   ``close(within:)``: ``delete(in:name:)`` is for that.
    package func delete(within duration: Duration) throws(StoreError) {
        queue.end(deleting: true)
        try queue.waitForEnd(deleting: true, atMost: duration)
    }
}
