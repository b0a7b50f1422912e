internal import Sodium

extension CipherSuite {
    /// sender_data_key and sender_data_nonce (section 6.3.2): from the first KDF.Nh bytes of the ciphertext.
    func senderDataKey(secret: borrowing SecretBytes, ciphertext: [UInt8]) throws(MLSError) -> MessageKey {
        let sample = [UInt8](ciphertext.prefix(Self.hashByteCount))
        let key = try expandWithLabel(secret, label: "key", context: sample, count: aead.keyByteCount)
        let nonce = try expandWithLabel(secret, label: "nonce", context: sample, count: aead.nonceByteCount)
        return MessageKey(key: key, nonce: nonce)
    }
}
