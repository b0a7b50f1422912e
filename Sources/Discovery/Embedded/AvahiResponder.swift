#if LAN
internal import CAvahi
internal import EventLoop
import Glibc
internal import Sodium

/// Avahi's numbers, which its headers keep in unnamed enumerations.
enum AvahiFamily {
    static let ipv4 = Int32(AVAHI_PROTO_INET)
    static let ipv6 = Int32(AVAHI_PROTO_INET6)
    static let any = Int32(AVAHI_PROTO_UNSPEC)
    static let anyInterface = Int32(AVAHI_IF_UNSPEC)
}

/// Avahi's mDNS responder in this process (RFC 6762). It says nothing about the machine: no name of it, no hardware, no
/// addresses but those that are added. Dropping the last reference ends it, and takes back what was announced.
@safe final class AvahiResponder {
    /// The service's type (RFC 6763, 7).
    static let serviceType = "_termtalk._tcp"
    /// What who looks for rooms remembers of others' records, on each interface: those of five hundred services. Past it nobody
    /// else is found in this way until some have run out. More would be of no use: Avahi compares each record that comes with
    /// all that it knows of the same name, so with two thousand services a processor is busy and packets are lost.
    private static let cacheEntries: UInt32 = 2_048

    let server: OpaquePointer
    /// A random name in `.local`, for this responder only.
    let hostName: String
    private let poll: AvahiLoop

    /// - Parameters:
    ///   - interfaces: the names of the only interfaces that are used.
    ///   - isListening: whether it is there to hear of others, and publishes nothing. Else it hears questions only: its names
    ///     are random, so nobody else has them, and who floods the network with answers costs it nothing.
    init(loop: EventLoop, interfaces: Set<String>, isListening: Bool) throws(DiscoveryError) {
        guard !interfaces.isEmpty else { throw .noLocalNetwork }
        guard Self.mayFollowAddresses else { throw .notAllowed }
        unsafe avahi_set_log_function { _, _ in }
        let poll = AvahiLoop(loop, hearsAnswers: isListening)
        let name = Self.randomName()
        var config = unsafe AvahiServerConfig()
        unsafe avahi_server_config_init(&config)
        defer { unsafe avahi_server_config_free(&config) }
        unsafe avahi_free(config.host_name)
        unsafe config.host_name = avahi_strdup(name)
        for interface in interfaces {
            unsafe config.allow_interfaces = avahi_string_list_add(config.allow_interfaces, interface)
        }
        unsafe config.publish_hinfo = 0
        unsafe config.publish_workstation = 0
        unsafe config.publish_domain = 0
        unsafe config.publish_addresses = 0
        unsafe config.enable_wide_area = 0
        unsafe config.add_service_cookie = 0
        unsafe config.disallow_other_stacks = 0
        unsafe config.disable_publishing = isListening ? 1 : 0
        unsafe config.n_cache_entries_max = isListening ? Self.cacheEntries : 0
        var code: Int32 = 0
        guard let server = unsafe avahi_server_new(poll.api, &config, { _, _, _ in }, nil, &code) else {
            throw .failed(code: code)
        }
        unsafe self.server = server
        self.poll = poll
        hostName = "\(name).local"
    }

    deinit {
        unsafe avahi_server_free(server)
        // Avahi's watches and timers are gone now.
        withExtendedLifetime(poll) {}
    }

    /// Whether this process may have the socket by which Avahi follows the machine's addresses; without it Avahi ends the process.
    private static var mayFollowAddresses: Bool {
        let descriptor = socket(AF_NETLINK, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { return false }
        close(descriptor)
        return true
    }

    /// 64 random bits in hex.
    static func randomName() -> String {
        String(Random.uint64(), radix: 16)
    }
}
#endif
