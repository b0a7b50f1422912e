import Glibc

/// The thread of a ``StoreWriter``.
final class StoreThread {
    private var writer: StoreWriter?
    private let queue: StoreQueue
    private let folder: StoreFolder

    private init(_ writer: consuming StoreWriter, queue: StoreQueue, folder: StoreFolder) {
        self.writer = consume writer
        self.queue = queue
        self.folder = folder
    }

    /// - Throws: ``StoreError/system(errno:)`` when there is no thread to be had.
    static func start(
        _ writer: consuming StoreWriter, queue: StoreQueue, folder: StoreFolder
    ) throws(StoreError) {
        let context = unsafe Unmanaged.passRetained(StoreThread(writer, queue: queue, folder: folder))
        var thread = pthread_t()
        let code = unsafe pthread_create(
            &thread, nil,
            { context in
                guard let context = unsafe context else { return nil }
                // Signals are the loop's.
                var all = sigset_t()
                unsafe sigfillset(&all)
                unsafe pthread_sigmask(SIG_BLOCK, &all, nil)
                unsafe Unmanaged<StoreThread>.fromOpaque(context).takeRetainedValue().run()
                return nil
            }, unsafe context.toOpaque())
        guard code == 0 else {
            unsafe context.release()
            throw .system(errno: code)
        }
        pthread_detach(thread)
    }

    private func run() {
        guard var writer = writer.take() else { return }
        let ending = writer.work()
        // The database is closed before its files go, or another process gets them.
        _ = consume writer
        if case .closed(let error) = ending, queue.hasClosed(error, then: folder.unlock) { return }
        var failure: StoreError?
        do throws(StoreError) {
            try folder.destroy()
        } catch {
            failure = error
        }
        folder.unlock()
        queue.hasDeleted(failure)
    }
}
