package import Chat
package import Wire

/// What the host tells a member.
package enum HostMessage: Sendable, Equatable {
    /// The state of the room as the member enters it.
    package struct RoomState: Sendable, Equatable {
        package var member: MemberID
        /// Seconds until the room closes; nil for a room without end.
        package var secondsLeft: UInt32?
        /// How old the room is, in seconds: what it says about time counts from its beginning.
        var age: UInt32 = 0
        /// The number that the next message will have.
        package var nextSequence: UInt64
        /// The number of the group's epoch.
        package var epoch: UInt64 = 0
        /// Private posts to this member that were kept for it and are no more, since it was here last.
        var missedPrivately: UInt32 = 0
        /// All members but those in `present` messages before; the new one is included.
        var members: [Entry]
        /// Lets the member into the group; empty for the first one, who creates it.
        package var welcome: [UInt8] = []

        package struct Entry: Sendable, Equatable {
            package var id: MemberID
            var isHost: Bool
            var nick: String
            /// How old the room was when the member's connection broke, in seconds; nil while it is present, or was a moment ago.
            var awaySince: UInt32?
        }
    }

    package struct Receipt: Sendable, Equatable {
        var id: MessageID
        var count: UInt16
        var of: UInt16
        /// Members for whom the message was kept, or should have been, and will not be any more.
        var missed: UInt16 = 0
    }

    /// Part of the list of members, before `admitted`, where it is too long for one message.
    case present([RoomState.Entry])
    case admitted(RoomState)
    case refused(RoomCode)
    /// A Commit that the room has accepted, and who comes in by it. Nothing comes any more that was sealed before `floor`.
    case committed(from: MemberID, floor: UInt64, joined: [RoomState.Entry], commit: [UInt8])
    /// Nothing comes any more that was sealed before this epoch.
    case settled(floor: UInt64)
    /// The member is asked to add and to remove these.
    case commitWanted(adding: [GroupCandidate], removing: [MemberID])
    /// The Commits since this epoch are void, because the others could not follow that member's: it goes on.
    case undone(epoch: UInt64, by: MemberID)
    /// This member is asked last for Commits, and its own are not taken.
    case barred(MemberID)
    /// Another Commit has ended the epoch before.
    case commitDeclined(epoch: UInt64)
    case left(MemberID, ChatEvent.LeaveReason)
    /// The member's connection broke when the room was so many seconds old; its place is kept.
    case away(MemberID, since: UInt32)
    /// A member that was away is there again.
    case back(MemberID)
    case nickChanged(MemberID, String)
    /// `age` is how old the room was when it took the post, in seconds.
    case posted(sequence: UInt64, from: MemberID, id: MessageID, age: UInt32, content: [UInt8])
    /// In the place of `posted`, for those who were not in the group yet when it was sealed: what the chain needs of it.
    case passed(sequence: UInt64, digest: [UInt8])
    case privatePosted(from: MemberID, to: MemberID, id: MessageID, age: UInt32, content: [UInt8])
    case receipts([Receipt])
    /// What the moderator asked for by that id was carried out, now or before.
    case moderated(MessageID)
    /// A request was not carried out; `id` is that of the message, or zero.
    case declined(MessageID, RoomCode)
    case closing(ChatEvent.CloseReason)
    /// To the member that was kicked or banned, and why, in the host's words.
    case removed(ChatEvent.CloseReason, String)
    case topicChanged(String)
    case lockChanged(Bool)
    /// The room ends in so many seconds.
    case extended(UInt32)
    /// Each member may post once in so many seconds; 0 for as often as it likes.
    case slowMode(UInt32)
    /// The host is asked whether the joiner may come in.
    case waiting
    /// At a relay, where nobody is there: the current epoch, for the joiner to come in by itself.
    case groupInfo(epoch: UInt64, [UInt8])
    /// The public tree of the group, before what lets the joiner into it.
    case tree([UInt8])
    /// At a relay: what the group's creator has registered counts from now on.
    case registered
    /// At a relay: the member has lost the group, and comes with this; it is to be told the group's secret.
    case secretWanted(GroupCandidate)
    /// To that one: the secret, as this member says.
    case secret(from: MemberID, sealed: [UInt8])
    /// The invite with which the member came lets nobody in any more.
    case inviteRevoked

    /// The room is at another onion service from now on: its public key and its port.
    case moved(OnionPlace)
    /// Where the hosts are that hold the room together, in the place of what was said before; ``HostPlace/listLimit`` at most.
    case hosts([HostPlace])

    /// Bytes of a list of members.
    private static let memberListLimit = 61_440
    /// Bytes of a list of KeyPackages.
    private static let candidateListLimit =
        RoomLimits.candidatesPerCommit * (RoomLimits.keyPackageByteCount + 8)
    private static let receiptByteCount = 14
    private static let receiptListLimit = RoomLimits.remembered * receiptByteCount
    private static let endless = UInt32.max
    /// What a post has before its content, at most.
    private static let postHeaderByteCount = 24

    /// Bytes that a post has: it is written into memory that is large enough at once.
    private var expectedByteCount: Int {
        switch self {
        case .posted(_, _, _, _, let content), .privatePosted(_, _, _, _, let content):
            Self.postHeaderByteCount + content.count
        default: 0
        }
    }

    package var encoded: EncodedMessage {
        var writer = ByteWriter(reserving: expectedByteCount)
        let type: UInt8
        switch self {
        case .admitted(let roomState):
            type = RoomMessageType.admitted
            writer.write(roomState.member.wireValue)
            writer.write(roomState.secondsLeft ?? Self.endless)
            writer.write(roomState.age)
            writer.write(roomState.nextSequence)
            writer.write(roomState.epoch)
            writer.write(roomState.missedPrivately)
            writer.write(roomState.members)
            writer.writeBytes(roomState.welcome)
        case .present(let members):
            type = RoomMessageType.present
            writer.write(members)
        case .refused(let code):
            type = RoomMessageType.refused
            writer.write(code.rawValue)
        case .committed(let from, let floor, let joined, let commit):
            type = RoomMessageType.committed
            writer.write(from.wireValue)
            writer.write(floor)
            writer.write(joined)
            writer.writeBytes(commit)
        case .settled(let floor):
            type = RoomMessageType.settled
            writer.write(floor)
        case .commitWanted(let candidates, let removals):
            type = RoomMessageType.commitWanted
            var list = ByteWriter()
            for candidate in candidates {
                list.write(candidate.id.wireValue)
                list.writeVector(candidate.keyPackage)
            }
            writer.writeVector(list.bytes)
            writer.write(removals)
        case .commitDeclined(let epoch):
            type = RoomMessageType.commitDeclined
            writer.write(epoch)
        case .undone(let epoch, let member):
            type = RoomMessageType.undone
            writer.write(epoch)
            writer.write(member.wireValue)
        case .barred(let member):
            type = RoomMessageType.barred
            writer.write(member.wireValue)
        case .left(let member, let reason):
            type = RoomMessageType.left
            writer.write(member.wireValue)
            writer.write(reason.wireValue)
        case .away(let member, let since):
            type = RoomMessageType.away
            writer.write(member.wireValue)
            writer.write(since)
        case .back(let member):
            type = RoomMessageType.back
            writer.write(member.wireValue)
        case .nickChanged(let member, let nick):
            type = RoomMessageType.nickChanged
            writer.write(member.wireValue)
            writer.writeVector(Array(nick.utf8))
        case .posted(let sequence, let from, let id, let age, let content):
            type = RoomMessageType.posted
            writer.write(sequence)
            writer.write(from.wireValue)
            writer.write(id.value)
            writer.write(age)
            writer.writeBytes(content)
        case .passed(let sequence, let digest):
            type = RoomMessageType.passed
            writer.write(sequence)
            writer.writeBytes(digest)
        case .privatePosted(let from, let receiver, let id, let age, let content):
            type = RoomMessageType.privatePosted
            writer.write(from.wireValue)
            writer.write(receiver.wireValue)
            writer.write(id.value)
            writer.write(age)
            writer.writeBytes(content)
        case .receipts(let receipts):
            type = RoomMessageType.receipts
            var list = ByteWriter()
            for receipt in receipts {
                list.write(receipt.id.value)
                list.write(receipt.count)
                list.write(receipt.of)
                list.write(receipt.missed)
            }
            writer.writeVector(list.bytes)
        case .moderated(let id):
            type = RoomMessageType.moderated
            writer.write(id.value)
        case .declined(let id, let code):
            type = RoomMessageType.declined
            writer.write(id.value)
            writer.write(code.rawValue)
        case .closing(let reason):
            type = RoomMessageType.closing
            writer.write(reason.wireValue)
        case .removed(let reason, let text):
            type = RoomMessageType.removed
            writer.write(reason.wireValue)
            writer.writeVector(Array(text.utf8))
        case .topicChanged(let text):
            type = RoomMessageType.topicChanged
            writer.writeVector(Array(text.utf8))
        case .lockChanged(let isLocked):
            type = RoomMessageType.lockChanged
            writer.write(UInt8(isLocked ? 1 : 0))
        case .extended(let seconds):
            type = RoomMessageType.extended
            writer.write(seconds)
        case .slowMode(let seconds):
            type = RoomMessageType.slowMode
            writer.write(seconds)
        case .waiting:
            type = RoomMessageType.waiting
        case .groupInfo(let epoch, let info):
            type = RoomMessageType.groupInfo
            writer.write(epoch)
            writer.writeBytes(info)
        case .tree(let tree):
            return EncodedMessage(type: RoomMessageType.tree, body: tree)
        case .registered:
            type = RoomMessageType.registered
        case .secretWanted(let candidate):
            type = RoomMessageType.secretWanted
            writer.write(candidate.id.wireValue)
            writer.writeBytes(candidate.keyPackage)
        case .secret(let member, let sealed):
            type = RoomMessageType.sealedSecret
            writer.write(member.wireValue)
            writer.writeBytes(sealed)
        case .moved(let place):
            type = RoomMessageType.moved
            writer.writeBytes(place.key)
            writer.write(place.port)
        case .hosts(let places):
            type = RoomMessageType.hosts
            writer.write(places)
        case .inviteRevoked:
            type = RoomMessageType.inviteRevoked
        }
        return EncodedMessage(type: type, body: writer.bytes)
    }

    package init(type: UInt8, body: [UInt8]) throws(RoomError) {
        do throws(WireError) {
            var reader = ByteReader(body)
            switch type {
            case RoomMessageType.admitted:
                let member = try reader.readMemberID()
                let seconds = try reader.readUInt32()
                let age = try reader.readUInt32()
                let next = try reader.readUInt64()
                let epoch = try reader.readUInt64()
                let missed = try reader.readUInt32()
                self = .admitted(
                    RoomState(
                        member: member, secondsLeft: seconds == Self.endless ? nil : seconds, age: age,
                        nextSequence: next, epoch: epoch, missedPrivately: missed,
                        members: try reader.readEntries(atMost: Self.memberListLimit),
                        welcome: try reader.readBytes(reader.remaining)))
            case RoomMessageType.present:
                self = .present(try reader.readEntries(atMost: Self.memberListLimit))
            case RoomMessageType.refused:
                self = .refused(RoomCode(rawValue: try reader.readUInt8()) ?? .unspecified)
            case RoomMessageType.committed:
                self = .committed(
                    from: try reader.readMemberID(), floor: try reader.readUInt64(),
                    joined: try reader.readEntries(atMost: Self.memberListLimit),
                    commit: try reader.readBytes(reader.remaining))
            case RoomMessageType.settled:
                self = .settled(floor: try reader.readUInt64())
            case RoomMessageType.commitWanted:
                var list = ByteReader(try reader.readVector(atMost: Self.candidateListLimit))
                var candidates: [GroupCandidate] = []
                while list.remaining > 0 {
                    candidates.append(
                        GroupCandidate(
                            id: try list.readMemberID(),
                            keyPackage: try list.readVector(atMost: RoomLimits.keyPackageByteCount)))
                }
                self = .commitWanted(
                    adding: candidates, removing: try reader.readMemberIDs(atMost: RoomLimits.removalsPerCommit))
            case RoomMessageType.commitDeclined:
                self = .commitDeclined(epoch: try reader.readUInt64())
            case RoomMessageType.undone:
                self = .undone(epoch: try reader.readUInt64(), by: try reader.readMemberID())
            case RoomMessageType.barred:
                self = .barred(try reader.readMemberID())
            case RoomMessageType.left:
                self = .left(try reader.readMemberID(), .init(wireValue: try reader.readUInt8()))
            case RoomMessageType.away:
                self = .away(try reader.readMemberID(), since: try reader.readUInt32())
            case RoomMessageType.back:
                self = .back(try reader.readMemberID())
            case RoomMessageType.nickChanged:
                self = .nickChanged(
                    try reader.readMemberID(), try reader.readUTF8Vector(atMost: MemberRequest.nickLimit))
            case RoomMessageType.posted:
                self = .posted(
                    sequence: try reader.readUInt64(), from: try reader.readMemberID(),
                    id: MessageID(try reader.readUInt64()), age: try reader.readUInt32(),
                    content: try reader.readBytes(reader.remaining))
            case RoomMessageType.passed:
                self = .passed(
                    sequence: try reader.readUInt64(), digest: try reader.readBytes(MessageChain.digestByteCount))
            case RoomMessageType.privatePosted:
                self = .privatePosted(
                    from: try reader.readMemberID(), to: try reader.readMemberID(),
                    id: MessageID(try reader.readUInt64()), age: try reader.readUInt32(),
                    content: try reader.readBytes(reader.remaining))
            case RoomMessageType.receipts:
                var list = ByteReader(try reader.readVector(atMost: Self.receiptListLimit))
                var receipts: [Receipt] = []
                while list.remaining > 0 {
                    receipts.append(
                        Receipt(
                            id: MessageID(try list.readUInt64()), count: try list.readUInt16(),
                            of: try list.readUInt16(), missed: try list.readUInt16()))
                }
                self = .receipts(receipts)
            case RoomMessageType.moderated:
                self = .moderated(MessageID(try reader.readUInt64()))
            case RoomMessageType.declined:
                self = .declined(
                    MessageID(try reader.readUInt64()), RoomCode(rawValue: try reader.readUInt8()) ?? .unspecified)
            case RoomMessageType.closing:
                self = .closing(.init(wireValue: try reader.readUInt8()))
            case RoomMessageType.removed:
                self = .removed(
                    .init(wireValue: try reader.readUInt8()),
                    try reader.readUTF8Vector(atMost: ChatLimits.remarkByteCount))
            case RoomMessageType.topicChanged:
                self = .topicChanged(try reader.readUTF8Vector(atMost: ChatLimits.remarkByteCount))
            case RoomMessageType.lockChanged:
                self = .lockChanged(try reader.readUInt8() & 1 != 0)
            case RoomMessageType.extended:
                self = .extended(try reader.readUInt32())
            case RoomMessageType.slowMode:
                self = .slowMode(try reader.readUInt32())
            case RoomMessageType.waiting:
                self = .waiting
            case RoomMessageType.groupInfo:
                let epoch = try reader.readUInt64()
                guard reader.remaining <= RoomLimits.groupInfoByteCount else { throw WireError.trailingBytes }
                self = .groupInfo(epoch: epoch, try reader.readBytes(reader.remaining))
            case RoomMessageType.tree:
                self = .tree(try reader.readBytes(reader.remaining))
            case RoomMessageType.registered:
                self = .registered
            case RoomMessageType.secretWanted:
                let id = try reader.readMemberID()
                guard reader.remaining <= RoomLimits.keyPackageByteCount else { throw WireError.tooLong }
                self = .secretWanted(GroupCandidate(id: id, keyPackage: try reader.readBytes(reader.remaining)))
            case RoomMessageType.sealedSecret:
                self = .secret(
                    from: try reader.readMemberID(), sealed: try reader.readBytes(RoomLimits.sealedSecretByteCount))
            case RoomMessageType.inviteRevoked:
                self = .inviteRevoked
            case RoomMessageType.moved:
                self = .moved(
                    OnionPlace(key: try reader.readBytes(OnionPlace.keyByteCount), port: try reader.readUInt16()))
            case RoomMessageType.hosts:
                self = .hosts(try reader.readHostPlaces(atMost: HostPlace.listLimit))
            default:
                throw WireError.trailingBytes
            }
            try reader.finish()
        } catch {
            throw .malformed
        }
    }
}
