internal import EventLoop
import Glibc
internal import TorController

/// The system's resolver. It blocks: only for ``EventLoop/offload(_:then:)``.
enum DirectNameResolver {
    /// The TCP addresses of `host`, a name or a numeric address, in the order in which they should be tried.
    static func addresses(ofHost host: String, port: UInt16) -> Result<[SocketAddress], DialError> {
        guard !OnionAddress.isOnionName(host) else { return .failure(.onionName) }
        var hints = unsafe addrinfo()
        unsafe hints.ai_family = AF_UNSPEC
        unsafe hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        unsafe hints.ai_flags = AI_NUMERICSERV
        var list: UnsafeMutablePointer<addrinfo>?
        let code = unsafe getaddrinfo(host, String(port), &hints, &list)
        guard code == 0 else {
            return .failure(code == EAI_SYSTEM ? .failed(errno: errno) : .nameNotFound)
        }
        defer { unsafe freeaddrinfo(list) }
        var addresses: [SocketAddress] = []
        var next = unsafe list
        while let entry = unsafe next {
            if let address = unsafe entry.pointee.ai_addr,
                let found = unsafe SocketAddress(copying: address, length: entry.pointee.ai_addrlen)
            {
                addresses.append(found)
            }
            unsafe next = entry.pointee.ai_next
        }
        return addresses.isEmpty ? .failure(.nameNotFound) : .success(addresses)
    }
}
