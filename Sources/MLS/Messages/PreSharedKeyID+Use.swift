internal import Sodium

extension PreSharedKeyID {
    /// A use of the key that the application calls `identifier`.
    static func external(_ identifier: [UInt8]) -> PreSharedKeyID {
        PreSharedKeyID(
            source: .external(identifier: identifier), nonce: Random.bytes(CipherSuite.hashByteCount))
    }

    /// A use of the resumption key of an epoch.
    static func resumption(groupID: [UInt8], epoch: UInt64) -> PreSharedKeyID {
        PreSharedKeyID(
            source: .resumption(.application, groupID: groupID, epoch: epoch),
            nonce: Random.bytes(CipherSuite.hashByteCount))
    }
}
