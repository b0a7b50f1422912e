import MLS

/// The suites that tests can speak.
enum TestSuites {
    /// Suite 1, whose AEAD only tests have.
    static let x25519AES128GCM = CipherSuite(identifier: .x25519AES128GCM, aead: AES128GCM())

    /// The suite of a vector; nil for those that nobody here speaks.
    static func suite(_ number: UInt16) -> CipherSuite? {
        switch number {
        case 1: x25519AES128GCM
        case 3: .x25519ChaChaPoly
        default: nil
        }
    }
}
