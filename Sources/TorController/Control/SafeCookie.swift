import Sodium

/// The proof of SAFECOOKIE (control-spec, section 3.24): both sides show that they know the cookie, neither sends it.
enum SafeCookie {
    /// Bytes of a cookie, of a nonce and of a proof.
    static let byteCount = 32
    private static let serverKey = "Tor safe cookie authentication server-to-controller hash"
    private static let clientKey = "Tor safe cookie authentication controller-to-server hash"

    static func serverHash(cookie: borrowing SecretBytes, clientNonce: [UInt8], serverNonce: [UInt8]) -> [UInt8] {
        hash(serverKey, cookie, clientNonce, serverNonce)
    }

    static func clientHash(cookie: borrowing SecretBytes, clientNonce: [UInt8], serverNonce: [UInt8]) -> [UInt8] {
        hash(clientKey, cookie, clientNonce, serverNonce)
    }

    private static func hash(
        _ key: String, _ cookie: borrowing SecretBytes, _ clientNonce: [UInt8], _ serverNonce: [UInt8]
    ) -> [UInt8] {
        var mac = HMACSHA256(key: Array(key.utf8).span)
        cookie.withBytes { mac.update($0) }
        mac.update(clientNonce.span)
        mac.update(serverNonce.span)
        return mac.finalize()
    }
}
