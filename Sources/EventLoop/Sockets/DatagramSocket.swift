import Glibc

/// A UDP socket for questions to a group, and the answers to them.
package final class DatagramSocket {
    /// Bytes of the longest packet that is read; what is longer is cut off there. Nothing longer is sent by mDNS (RFC 6762, 17).
    package static let packetLimit = 9_000
    /// Packets that are read in one turn: others have theirs, too.
    private static let packetsATurn = 64

    private let descriptor: Int32
    private var handle: ReadableHandle?

    /// A socket at `address`, from which it also sends to groups; nil when the system gives none.
    ///
    /// - Parameter received: called with each packet that comes.
    package init?(at address: SocketAddress, loop: EventLoop, received: @escaping ([UInt8]) -> Void) {
        guard let raw = try? RawSocketAddress(address) else { return nil }
        descriptor = SystemCall.datagramSocket(family: raw.family)
        guard descriptor >= 0 else { return nil }
        guard SystemCall.bind(descriptor, raw) >= 0, SystemCall.setMulticastSource(descriptor, raw) >= 0 else {
            SystemCall.close(descriptor)
            return nil
        }
        handle = loop.watchReadable(descriptor) { [descriptor] in
            var buffer = [UInt8](repeating: 0, count: Self.packetLimit)
            for _ in 0..<Self.packetsATurn {
                let count = unsafe buffer.withUnsafeMutableBufferPointer {
                    unsafe SystemCall.read(descriptor, into: $0)
                }
                guard count >= 0 else { return }
                received(Array(buffer.prefix(count)))
            }
        }
    }

    deinit {
        handle?.cancel()
        if descriptor >= 0 { SystemCall.close(descriptor) }
    }

    /// Sends one packet. What cannot be sent is dropped, as networks do.
    package func send(_ packet: [UInt8], to address: SocketAddress) {
        guard let raw = try? RawSocketAddress(address) else { return }
        _ = SystemCall.send(descriptor, packet, to: raw)
    }
}
