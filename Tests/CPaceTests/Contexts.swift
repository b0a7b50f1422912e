import CPace
import Sodium

extension CPaceContext {
    /// An exchange of the tests; each parameter is something that both sides must agree on.
    static func ofTests(
        password: String = "correct horse", channel: [UInt8] = [1, 2, 3], session: [UInt8] = [4, 5, 6]
    ) -> CPaceContext {
        CPaceContext(
            password: SecretBytes(copying: Array(password.utf8).span), channelIdentifier: channel, sessionID: session)
    }
}

extension SecretBytes {
    /// The bytes, to compare them with expected ones.
    var revealed: [UInt8] {
        withBytes { bytes in bytes.indices.map { bytes[$0] } }
    }
}
