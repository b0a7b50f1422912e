package import Chat
package import Sodium
package import Wire

/// What a member asks of the host.
package enum MemberRequest: Sendable, Equatable {
    /// `member` is the id that belongs to the KeyPackage.
    case join(nick: String, member: MemberID, keyPackage: [UInt8])
    /// Content sealed in the group's `epoch`.
    case post(id: MessageID, epoch: UInt64, content: [UInt8])
    case privatePost(id: MessageID, epoch: UInt64, to: MemberID, content: [UInt8])
    case changeNick(String)
    case leave
    case commit(GroupCommit)
    /// From the one who has created the group: its first epoch, for the room to follow.
    case found(groupInfo: [UInt8])
    /// At a relay, from the same: the Noise pre-shared key of the group's invite.
    case register(presharedKey: SecretContent)
    /// At a relay, where nobody is there: the joiner's external Commit.
    case joinExternally(GroupCommit)
    /// At a relay: the group's secret, for a member that has lost the group and knows a former one only.
    case secret(for: MemberID, sealed: [UInt8])
    /// Answered with *moderated* once it was carried out, or with *declined*; what has no answer is asked for again.
    case moderate(MessageID, Moderation)
    /// The group could not be followed into this epoch.
    case cannotFollow(epoch: UInt64)
    /// From a moderator, which is asked to let in others: it wants to change who moderates.
    case turnWanted

    /// Bytes of a nick in a request; the rules for nicks are stricter.
    static let nickLimit = 256

    package var encoded: EncodedMessage {
        var writer = ByteWriter()
        switch self {
        case .join(let nick, let member, let keyPackage):
            writer.writeVector(Array(nick.utf8))
            writer.write(member.wireValue)
            writer.writeVector(keyPackage)
            return EncodedMessage(type: RoomMessageType.join, body: writer.bytes)
        case .post(let id, let epoch, let content):
            writer.write(id.value)
            writer.write(epoch)
            writer.writeBytes(content)
            return EncodedMessage(type: RoomMessageType.post, body: writer.bytes)
        case .privatePost(let id, let epoch, let receiver, let content):
            writer.write(id.value)
            writer.write(epoch)
            writer.write(receiver.wireValue)
            writer.writeBytes(content)
            return EncodedMessage(type: RoomMessageType.privatePost, body: writer.bytes)
        case .changeNick(let nick):
            writer.writeVector(Array(nick.utf8))
            return EncodedMessage(type: RoomMessageType.changeNick, body: writer.bytes)
        case .leave:
            return EncodedMessage(type: RoomMessageType.leave, body: [])
        case .commit(let commit):
            writer.write(commit.epoch)
            writer.write(commit.refused)
            writer.writeVector(commit.groupInfo)
            writer.writeVector(commit.welcome)
            writer.writeBytes(commit.commit)
            return EncodedMessage(type: RoomMessageType.commit, body: writer.bytes)
        case .found(let groupInfo):
            return EncodedMessage(type: RoomMessageType.found, body: groupInfo)
        case .register(let key):
            return EncodedMessage(type: RoomMessageType.register, body: key.copy())
        case .moderate(let id, let moderation):
            writer.write(id.value)
            moderation.write(to: &writer)
            return EncodedMessage(type: RoomMessageType.moderate, body: writer.bytes)
        case .cannotFollow(let epoch):
            writer.write(epoch)
            return EncodedMessage(type: RoomMessageType.cannotFollow, body: writer.bytes)
        case .turnWanted:
            return EncodedMessage(type: RoomMessageType.turnWanted, body: [])
        case .secret(let member, let sealed):
            writer.write(member.wireValue)
            writer.writeBytes(sealed)
            return EncodedMessage(type: RoomMessageType.secret, body: writer.bytes)
        case .joinExternally(let commit):
            writer.write(commit.epoch)
            writer.writeVector(commit.groupInfo)
            writer.writeBytes(commit.commit)
            return EncodedMessage(type: RoomMessageType.joinExternally, body: writer.bytes)
        }
    }

    package init(type: UInt8, body: [UInt8]) throws(RoomError) {
        do throws(WireError) {
            var reader = ByteReader(body)
            switch type {
            case RoomMessageType.join:
                self = .join(
                    nick: try reader.readUTF8Vector(atMost: Self.nickLimit), member: try reader.readMemberID(),
                    keyPackage: try reader.readVector(atMost: RoomLimits.keyPackageByteCount))
            case RoomMessageType.post:
                self = .post(
                    id: MessageID(try reader.readUInt64()), epoch: try reader.readUInt64(),
                    content: try reader.readBytes(reader.remaining))
            case RoomMessageType.privatePost:
                self = .privatePost(
                    id: MessageID(try reader.readUInt64()), epoch: try reader.readUInt64(),
                    to: try reader.readMemberID(),
                    content: try reader.readBytes(reader.remaining))
            case RoomMessageType.changeNick:
                self = .changeNick(try reader.readUTF8Vector(atMost: Self.nickLimit))
            case RoomMessageType.leave:
                self = .leave
            case RoomMessageType.commit:
                var commit = GroupCommit(
                    epoch: try reader.readUInt64(),
                    refused: try reader.readMemberIDs(atMost: RoomLimits.candidatesPerCommit), commit: [])
                commit.groupInfo = try reader.readVector(atMost: RoomLimits.groupInfoByteCount)
                commit.welcome = try reader.readVector(atMost: RoomLimits.welcomeByteCount)
                commit.commit = try reader.readBytes(reader.remaining)
                self = .commit(commit)
            case RoomMessageType.found:
                guard reader.remaining <= RoomLimits.groupInfoByteCount else { throw WireError.tooLong }
                self = .found(groupInfo: try reader.readBytes(reader.remaining))
            case RoomMessageType.register:
                var key = try reader.readBytes(RoomLimits.presharedKeyByteCount)
                defer { key.wipe() }
                self = .register(presharedKey: SecretContent(copying: key.span))
            case RoomMessageType.joinExternally:
                var commit = GroupCommit(epoch: try reader.readUInt64(), commit: [])
                commit.groupInfo = try reader.readVector(atMost: RoomLimits.groupInfoByteCount)
                commit.commit = try reader.readBytes(reader.remaining)
                self = .joinExternally(commit)
            case RoomMessageType.secret:
                self = .secret(
                    for: try reader.readMemberID(), sealed: try reader.readBytes(RoomLimits.sealedSecretByteCount))
            case RoomMessageType.cannotFollow:
                self = .cannotFollow(epoch: try reader.readUInt64())
            case RoomMessageType.turnWanted:
                self = .turnWanted
            case RoomMessageType.moderate:
                self = .moderate(MessageID(try reader.readUInt64()), try Moderation(from: &reader))
            default:
                throw WireError.trailingBytes
            }
            try reader.finish()
        } catch {
            throw .malformed
        }
    }
}
