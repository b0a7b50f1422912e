package import Sodium

/// What both sides of an exchange must agree on (draft-irtf-cfrg-cpace, section 3.1).
package struct CPaceContext: ~Copyable {
    /// PRS, the password-related string.
    let password: SecretBytes
    /// CI: who the two are, and in what they meet.
    let channelIdentifier: [UInt8]
    /// sid: names this one exchange.
    let sessionID: [UInt8]

    package init(password: consuming SecretBytes, channelIdentifier: [UInt8], sessionID: [UInt8]) {
        self.password = password
        self.channelIdentifier = channelIdentifier
        self.sessionID = sessionID
    }
}
