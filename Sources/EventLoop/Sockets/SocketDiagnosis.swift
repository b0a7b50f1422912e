import Glibc

/// Asks the kernel about one TCP socket of this network namespace: by sock_diag(7), and where that is not to be had by
/// reading /proc/net/tcp.
enum SocketDiagnosis {
    /// The two ends of a TCP connection, seen from the socket that is asked about.
    struct Ends {
        let isIPv6: Bool
        /// 4 or 16 bytes each, in network order.
        let localAddress: [UInt8]
        let remoteAddress: [UInt8]
        let localPort: UInt16
        let remotePort: UInt16
    }

    /// All of /proc/net/tcp that is read, in bytes: some 6,500 sockets. It is read on the loop's thread.
    private static let tableByteLimit = 1 << 20
    /// Longer than the one answer that is asked for (linux/inet_diag.h: 16 + 72 bytes and some attributes).
    private static let answerByteLimit = 4_096

    private static let netlinkFamily: Int32 = 4
    private static let byFamily: UInt16 = 20
    private static let isError: UInt16 = 2
    private static let listens: UInt8 = 10

    /// The user to whom the accepted socket with these ends belongs; nil when there is none, or nobody has accepted it yet.
    static func owner(of ends: Ends) -> uid_t? {
        switch ask(ends) {
        case .owner(let user): user
        case .none: nil
        case .unavailable: readTable(ends)
        }
    }

    enum Answer {
        case owner(uid_t)
        case none
        case unavailable
    }

    static func ask(_ ends: Ends) -> Answer {
        let type = Int32(SOCK_RAW.rawValue) | Int32(SOCK_CLOEXEC.rawValue) | Int32(SOCK_NONBLOCK.rawValue)
        let descriptor = socket(AF_NETLINK, type, netlinkFamily)
        guard descriptor >= 0 else { return .unavailable }
        defer { close(descriptor) }
        let request = question(ends)
        guard unsafe send(descriptor, request, request.count, 0) == request.count else { return .unavailable }
        // The kernel has answered before `send` returns.
        var answer = [UInt8](repeating: 0, count: answerByteLimit)
        let count = unsafe recv(descriptor, &answer, answer.count, 0)
        guard count >= 16 else { return .unavailable }
        answer.removeSubrange(count...)
        let kind = number(answer, at: 4, as: UInt16.self)
        if kind == isError, count >= 20 {
            // ENOENT is also what a kernel without tcp_diag answers.
            return .unavailable
        }
        guard kind == byFamily, count >= 16 + 72 else { return .unavailable }
        let message = Array(answer[16...])
        // Where no such connection is, the listener is described in its place.
        guard message[1] != listens, Array(message[4..<8]) == ports(ends),
            number(message, at: 68, as: UInt32.self) != 0
        else { return .none }
        return .owner(number(message, at: 64, as: UInt32.self))
    }

    /// struct nlmsghdr, struct inet_diag_req_v2.
    private static func question(_ ends: Ends) -> [UInt8] {
        var request: [UInt8] = []
        request += bytes(UInt32(16 + 8 + 48))
        request += bytes(byFamily) + bytes(UInt16(1)) + bytes(UInt32(1)) + bytes(UInt32(0))
        request += [UInt8(ends.isIPv6 ? AF_INET6 : AF_INET), UInt8(IPPROTO_TCP), 0, 0] + bytes(UInt32.max)
        request += ports(ends)
        for address in [ends.localAddress, ends.remoteAddress] {
            request += address + [UInt8](repeating: 0, count: 16 - address.count)
        }
        request += bytes(UInt32(0)) + bytes(UInt64.max)
        return request
    }

    private static func ports(_ ends: Ends) -> [UInt8] {
        bytes(ends.localPort.bigEndian) + bytes(ends.remotePort.bigEndian)
    }

    private static func bytes<T: FixedWidthInteger>(_ value: T) -> [UInt8] {
        unsafe withUnsafeBytes(of: value) { unsafe Array($0) }
    }

    private static func number<T: FixedWidthInteger>(_ bytes: [UInt8], at offset: Int, as type: T.Type) -> T {
        unsafe bytes.withUnsafeBytes { unsafe $0.loadUnaligned(fromByteOffset: offset, as: type) }
    }

    // MARK: /proc/net

    static func readTable(_ ends: Ends) -> uid_t? {
        var forms = [(ends.isIPv6 ? "tcp6" : "tcp", ends.localAddress, ends.remoteAddress)]
        if !ends.isIPv6 {
            // A socket of both families has an IPv4 peer as ::ffff:a.b.c.d.
            let mapped = [UInt8](repeating: 0, count: 10) + [0xFF, 0xFF]
            forms.append(("tcp6", mapped + ends.localAddress, mapped + ends.remoteAddress))
        }
        for (name, local, remote) in forms {
            guard let table = SystemFile.text("/proc/net/\(name)", limit: tableByteLimit) else { continue }
            let wanted = [text(local, ends.localPort), text(remote, ends.remotePort)]
            for line in table.split(separator: "\n").dropFirst() {
                let fields = line.split(separator: " ")
                guard fields.count > 9, fields[1] == wanted[0], fields[2] == wanted[1], fields[9] != "0" else {
                    continue
                }
                return uid_t(fields[7])
            }
        }
        return nil
    }

    /// An address as /proc/net/tcp has it: words of four bytes in the machine's order, a colon, the port.
    private static func text(_ address: [UInt8], _ port: UInt16) -> String {
        let words = stride(from: 0, to: address.count, by: 4).map { number(address, at: $0, as: UInt32.self) }
        return words.map { hex($0) }.joined() + ":" + hex(port)
    }

    private static func hex<T: FixedWidthInteger>(_ value: T) -> String {
        let digits = String(value, radix: 16, uppercase: true)
        return String(repeating: "0", count: T.bitWidth / 4 - digits.count) + digits
    }
}

extension SocketDiagnosis.Ends {
    /// Nil for addresses other than IP, and of two families.
    init?(local: RawSocketAddress, remote: RawSocketAddress) {
        guard let (localAddress, localPort) = local.ipBytes, let (remoteAddress, remotePort) = remote.ipBytes,
            localAddress.count == remoteAddress.count
        else { return nil }
        self.init(
            isIPv6: localAddress.count == 16, localAddress: localAddress, remoteAddress: remoteAddress,
            localPort: localPort, remotePort: remotePort)
    }
}
