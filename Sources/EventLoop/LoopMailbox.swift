internal import CLibevent
import Glibc
internal import Locking

/// What other threads tell the loop, taken there in the order of its sending, all of a turn together.
package final class LoopMailbox<Message: Sendable> {
    /// The end for other threads. What is sent when the mailbox is gone is lost.
    package final class Sender: Sendable {
        fileprivate let wakeup = loop_wakeup_new()
        private let waiting = Locked<[Message]>([])

        deinit {
            if wakeup >= 0 { SystemCall.close(wakeup) }
        }

        package func send(_ message: Message) {
            waiting.withLock { $0.append(message) }
            var one: UInt64 = 1
            _ = unsafe Glibc.write(wakeup, &one, MemoryLayout<UInt64>.size)
        }

        fileprivate func takeAll() -> [Message] {
            var count: UInt64 = 0
            _ = unsafe Glibc.read(wakeup, &count, MemoryLayout<UInt64>.size)
            return waiting.withLock { waiting in
                var taken: [Message] = []
                swap(&taken, &waiting)
                return taken
            }
        }
    }

    package let sender: Sender
    private let watch: ReadableHandle

    /// Nil when there are no descriptors left. `receive` is not called any more once ``close()`` was.
    package init?(loop: EventLoop, receive: @escaping ([Message]) -> Void) {
        let sender = Sender()
        guard sender.wakeup >= 0 else { return nil }
        self.sender = sender
        watch = loop.watchReadable(sender.wakeup) { receive(sender.takeAll()) }
    }

    package func close() { watch.cancel() }
}
