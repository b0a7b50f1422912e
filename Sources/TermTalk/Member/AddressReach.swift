internal import Transport

/// How far addresses may lead that a room says, and that nobody vouches for: anywhere in the world, and within the kind of network in which
/// the room itself was found. So who came over the internet is led to nothing on its own machine or in its own network.
struct AddressReach {
    private var found: IPAddress.Scope?

    /// The room was there, at an address that the person had of it.
    mutating func found(at address: IPAddress?) { found = address?.scope }

    func allows(_ address: IPAddress) -> Bool {
        switch address.scope {
        case .global: true
        case .unspecified, .multicast: false
        case .loopback, .linkLocal, .privateUse, .carrier: address.scope == found
        }
    }
}
