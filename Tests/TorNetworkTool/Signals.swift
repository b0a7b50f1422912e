import Foundation
import PrivateTorNetwork
import Synchronization

/// The signals that end the tool, turned into an orderly end.
final class Signals: Sendable {
    private let child = Mutex<ChildProcess?>(nil)
    /// Kept alive; nobody else touches them.
    private nonisolated(unsafe) let sources: [any DispatchSourceSignal]

    /// From now on each of `signals` ends the process by `exit`, which ends the network.
    init(_ signals: [Int32]) {
        sources = signals.map { DispatchSource.makeSignalSource(signal: $0, queue: .global()) }
        for (source, number) in zip(sources, signals) {
            signal(number, SIG_IGN)
            source.setEventHandler { [self] in
                // A terminal sends SIGINT to the command as well; the others are passed on. Its end is ours, then.
                if let child = child.withLock({ $0 }) {
                    if number != SIGINT { child.send(number) }
                } else {
                    exit(128 + number)
                }
            }
            source.resume()
        }
    }

    /// From now on the signals are for `child`, not for us.
    func forward(to child: ChildProcess) {
        self.child.withLock { $0 = child }
    }

    /// Returns when standard input ends; a signal ends the process before that.
    func waitForEndOfInput() async {
        await withCheckedContinuation { continuation in
            Thread {
                var byte: UInt8 = 0
                while case let count = read(STDIN_FILENO, &byte, 1), count > 0 || (count < 0 && errno == EINTR) {}
                continuation.resume()
            }.start()
        }
    }
}
