internal import Sodium

/// Key and nonce of one generation of one ratchet (RFC 9420 section 9.1).
package struct MessageKey: Sendable {
    package let key: SharedSecret
    package let nonce: [UInt8]
}
