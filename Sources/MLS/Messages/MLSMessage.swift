package import Wire

/// Any message of MLS (RFC 9420 section 6), as it arrives: nothing of it is checked but its form.
package enum MLSMessage: WireValue {
    case publicMessage(PublicMessage)
    case privateMessage(PrivateMessage)
    case welcome(Welcome)
    case groupInfo(GroupInfo)
    case keyPackage(KeyPackage)

    package init(from reader: inout ByteReader) throws(WireError) {
        guard try ProtocolVersion(from: &reader) == .mls10 else { throw .invalidValue }
        switch try WireFormat(from: &reader) {
        case .publicMessage: self = .publicMessage(try PublicMessage(from: &reader))
        case .privateMessage: self = .privateMessage(try PrivateMessage(from: &reader))
        case .welcome: self = .welcome(try Welcome(from: &reader))
        case .groupInfo: self = .groupInfo(try GroupInfo(from: &reader))
        case .keyPackage: self = .keyPackage(try KeyPackage(from: &reader))
        }
    }

    /// The message that is all of `bytes`, which may have come from anybody.
    package init(checkingLengthOf bytes: [UInt8]) throws(MLSError) {
        guard bytes.count <= Limits.maximumMessageByteCount else { throw .limitExceeded }
        try self.init(received: bytes)
    }

    package func write(to writer: inout ByteWriter) {
        ProtocolVersion.mls10.write(to: &writer)
        wireFormat.write(to: &writer)
        switch self {
        case .publicMessage(let message): message.write(to: &writer)
        case .privateMessage(let message): message.write(to: &writer)
        case .welcome(let welcome): welcome.write(to: &writer)
        case .groupInfo(let groupInfo): groupInfo.write(to: &writer)
        case .keyPackage(let keyPackage): keyPackage.write(to: &writer)
        }
    }

    /// How the message is wrapped.
    var wireFormat: WireFormat {
        switch self {
        case .publicMessage: .publicMessage
        case .privateMessage: .privateMessage
        case .welcome: .welcome
        case .groupInfo: .groupInfo
        case .keyPackage: .keyPackage
        }
    }
}
