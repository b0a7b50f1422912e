/// Why a local network cannot be announced on or searched.
package enum DiscoveryError: Error, Equatable {
    /// This program was built without the trait `LAN`.
    case notInThisBuild
    /// This machine is in no local network.
    case noLocalNetwork
    /// This process may not follow the machine's addresses.
    case notAllowed
    /// Avahi reported this; its numbers are those of avahi-common/error.h.
    case failed(code: Int32)

    /// Whether this build can do it at all.
    package static var isAvailable: Bool {
        #if LAN
        true
        #else
        false
        #endif
    }
}
