/// Where an onion service is: its public key, from which its address is made, and its virtual port.
package struct OnionPlace: Hashable, Sendable {
    static let keyByteCount = 32

    package let key: [UInt8]
    package let port: UInt16

    /// - Precondition: the key has 32 bytes.
    package init(key: [UInt8], port: UInt16) {
        precondition(key.count == Self.keyByteCount)
        self.key = key
        self.port = port
    }
}
