internal import Sodium

extension CipherSuite {
    /// welcome_key and welcome_nonce (section 12.4.3.1).
    func welcomeKey(_ welcomeSecret: borrowing SecretBytes) throws(MLSError) -> MessageKey {
        let key = try expandWithLabel(welcomeSecret, label: "key", context: [], count: aead.keyByteCount)
        let nonce = try expandWithLabel(welcomeSecret, label: "nonce", context: [], count: aead.nonceByteCount)
        return MessageKey(key: key, nonce: nonce)
    }
}
