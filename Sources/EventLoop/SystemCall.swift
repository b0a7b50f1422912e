#if canImport(Glibc)
internal import CLibevent
import Glibc
#else
#error("EventLoop needs a port to this system: epoll, eventfd and accept4 are Linux.")
#endif

/// The system calls this target uses, with the interrupted ones repeated and errors returned as a negative `errno`.
///
/// They are gathered here because their C names collide with the methods of streams and listeners.
enum SystemCall {
    static func read(_ descriptor: Int32, into buffer: UnsafeMutableBufferPointer<UInt8>) -> Int {
        repeating { unsafe Glibc.read(descriptor, buffer.baseAddress, buffer.count) }
    }

    /// Sends without `SIGPIPE`.
    static func send(_ descriptor: Int32, _ buffer: UnsafeBufferPointer<UInt8>) -> Int {
        repeating { unsafe Glibc.send(descriptor, buffer.baseAddress, buffer.count, Int32(MSG_NOSIGNAL)) }
    }

    static func unblock(signal: Int32) {
        var set = sigset_t()
        _ = unsafe sigemptyset(&set)
        _ = unsafe sigaddset(&set, signal)
        _ = unsafe pthread_sigmask(SIG_UNBLOCK, &set, nil)
    }

    static func close(_ descriptor: Int32) {
        // Not repeated when interrupted: Linux has released the descriptor by then.
        _ = Glibc.close(descriptor)
    }

    /// A new non-blocking, close-on-exec stream socket.
    static func streamSocket(family: Int32) -> Int32 {
        let type = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_NONBLOCK.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
        return result(Glibc.socket(family, type, 0))
    }

    /// A new non-blocking, close-on-exec socket for packets.
    static func datagramSocket(family: Int32) -> Int32 {
        let type = Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_NONBLOCK.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
        return result(Glibc.socket(family, type, 0))
    }

    /// Lets an IPv4 socket send to groups by the interface with that address. IPv6 addresses of groups name theirs.
    static func setMulticastSource(_ descriptor: Int32, _ address: RawSocketAddress) -> Int32 {
        let hops = Int32(255)
        guard address.family == AF_INET, let bytes = address.ipBytes?.address else {
            return setOption(descriptor, level: Int32(IPPROTO_IPV6), IPV6_MULTICAST_HOPS, to: hops)
        }
        let code = unsafe result(
            Glibc.setsockopt(descriptor, Int32(IPPROTO_IP), IP_MULTICAST_IF, bytes, socklen_t(bytes.count)))
        guard code >= 0 else { return code }
        return setOption(descriptor, level: Int32(IPPROTO_IP), IP_MULTICAST_TTL, to: hops)
    }

    static func send(_ descriptor: Int32, _ packet: [UInt8], to address: RawSocketAddress) -> Int {
        repeating {
            unsafe address.withSockaddr {
                unsafe Glibc.sendto(descriptor, packet, packet.count, Int32(MSG_NOSIGNAL), $0, $1)
            }
        }
    }

    /// A new non-blocking, close-on-exec socket that hears of changes of the network; negative is an `errno`.
    static func netlinkSocket(groups: UInt32) -> Int32 {
        let type = Int32(SOCK_RAW.rawValue) | Int32(SOCK_NONBLOCK.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
        let descriptor = result(Glibc.socket(AF_NETLINK, type, 0))
        guard descriptor >= 0 else { return descriptor }
        // struct sockaddr_nl: family, padding, port (0: the kernel chooses), groups.
        var address: (UInt16, UInt16, UInt32, UInt32) = (UInt16(AF_NETLINK), 0, 0, groups)
        let code = unsafe withUnsafePointer(to: &address) { address in
            unsafe address.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe result(Glibc.bind(descriptor, $0, 12))
            }
        }
        guard code >= 0 else {
            close(descriptor)
            return code
        }
        return descriptor
    }

    static func bind(_ descriptor: Int32, _ address: RawSocketAddress) -> Int32 {
        unsafe address.withSockaddr { unsafe result(Glibc.bind(descriptor, $0, $1)) }
    }

    static func listen(_ descriptor: Int32) -> Int32 {
        result(Glibc.listen(descriptor, SOMAXCONN))
    }

    /// Begins to connect. Interrupted counts as in progress, which is what the kernel makes of it.
    static func connect(_ descriptor: Int32, _ address: RawSocketAddress) -> Int32 {
        let code = unsafe address.withSockaddr { unsafe result(Glibc.connect(descriptor, $0, $1)) }
        return code == -EINTR ? -EINPROGRESS : code
    }

    /// Accepts one connection, non-blocking and close-on-exec.
    static func accept(_ descriptor: Int32) -> Int32 {
        Int32(repeating { Int(loop_accept(descriptor)) })
    }

    /// A descriptor of nothing, close-on-exec.
    static func openNull() -> Int32 {
        result(unsafe Glibc.open("/dev/null", O_RDONLY | O_CLOEXEC))
    }

    /// Says to the peer that nothing follows.
    static func shutdownWriting(_ descriptor: Int32) {
        _ = Glibc.shutdown(descriptor, Int32(SHUT_WR))
    }

    static func setNonBlockingAndCloseOnExec(_ descriptor: Int32) {
        _ = Glibc.fcntl(descriptor, F_SETFL, Glibc.fcntl(descriptor, F_GETFL) | O_NONBLOCK)
        _ = Glibc.fcntl(descriptor, F_SETFD, FD_CLOEXEC)
    }

    @discardableResult
    static func setOption(_ descriptor: Int32, level: Int32, _ option: Int32, to value: Int32 = 1) -> Int32 {
        var value = value
        return unsafe result(
            Glibc.setsockopt(descriptor, level, option, &value, socklen_t(MemoryLayout<Int32>.size)))
    }

    /// The error of an attempt to connect that has ended, or 0.
    static func pendingError(_ descriptor: Int32) -> Int32 {
        var value: Int32 = 0
        var length = socklen_t(MemoryLayout<Int32>.size)
        guard unsafe Glibc.getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &value, &length) == 0 else { return errno }
        return value
    }

    static func monotonicNanoseconds() -> UInt64 {
        var time = timespec()
        _ = unsafe clock_gettime(CLOCK_BOOTTIME, &time)
        return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
    }

    private static func result(_ code: Int32) -> Int32 {
        code < 0 ? -errno : code
    }

    private static func repeating(_ call: () -> Int) -> Int {
        while true {
            let count = call()
            if count >= 0 { return count }
            let code = errno
            if code != EINTR { return -Int(code) }
        }
    }
}
