import Glibc

/// Tells when the interfaces of this machine or their addresses have changed (rtnetlink(7)). Dropping the last reference
/// ends it.
package final class NetworkWatch {
    /// How long things must have been quiet: a network that comes brings a handful of changes.
    static let settling = Duration.milliseconds(300)

    /// `RTMGRP_LINK`, `RTMGRP_IPV4_IFADDR` and `RTMGRP_IPV6_IFADDR`, which Swift's Glibc does not show.
    private static let groups: UInt32 = 0x1 | 0x10 | 0x100

    private let loop: EventLoop
    private let onChange: () -> Void
    private let descriptor: Int32
    private var handle: ReadableHandle?
    private var timer: TimerHandle?

    /// Nil when the system refuses.
    package init?(loop: EventLoop, onChange: @escaping () -> Void) {
        self.loop = loop
        self.onChange = onChange
        descriptor = SystemCall.netlinkSocket(groups: Self.groups)
        guard descriptor >= 0 else { return nil }
        handle = loop.watchReadable(descriptor) { [weak self] in self?.heard() }
    }

    deinit {
        handle?.cancel()
        timer?.cancel()
        if descriptor >= 0 { SystemCall.close(descriptor) }
    }

    private func heard() {
        unsafe withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 8_192) { buffer in
            // What it says is not read; an overrun (ENOBUFS) says that there was more.
            while true {
                let count = unsafe SystemCall.read(descriptor, into: buffer)
                if count <= 0, count != -Int(ENOBUFS) { return }
            }
        }
        timer?.cancel()
        timer = loop.schedule(after: Self.settling) { [weak self] in self?.onChange() }
    }
}
