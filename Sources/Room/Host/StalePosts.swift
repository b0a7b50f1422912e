internal import Wire

/// Posts of one member that were declined because the group had moved on, until they come again: nothing that the member
/// said later overtakes them.
///
/// A member answers what was declined in that order, by the same post sealed anew, or not at all when it gives one up.
struct StalePosts {
    private struct Declined {
        let id: MessageID
        /// The how-manieth of the member's posts it was to be declined first.
        let rank: UInt64
    }

    /// In the order in which they were declined last.
    private var declined: [Declined] = []
    private var nextRank: UInt64 = 0

    /// A post has come, sealed in an epoch that all can read or not. Returns whether it is accepted; else it is declined, and
    /// has to come again.
    mutating func accepts(_ id: MessageID, isCurrent: Bool) -> Bool {
        var rank = nextRank
        if let index = declined.firstIndex(where: { $0.id == id }) {
            rank = declined[index].rank
            // What was declined before it would have come before it: it was given up.
            declined.removeFirst(index + 1)
        } else if !isCurrent || !declined.isEmpty {
            nextRank += 1
        }
        if isCurrent, declined.allSatisfy({ $0.rank > rank }) { return true }
        declined.append(Declined(id: id, rank: rank))
        declined.removeFirst(max(0, declined.count - RoomLimits.staleDeclines))
        return false
    }
}

extension StalePosts {
    init(reading reader: inout StateReader) throws(WireError) {
        declined = try reader.readList(atMost: RoomLimits.staleDeclines) { reader throws(WireError) in
            Declined(id: try reader.readMessageID(), rank: try reader.readUInt64())
        }
        nextRank = try reader.readUInt64()
        guard nextRank < .max / 2, declined.allSatisfy({ [nextRank] in $0.rank < nextRank }) else {
            throw .invalidValue
        }
    }

    func write(to writer: inout StateWriter) {
        writer.write(list: declined) { writer, post in
            writer.write(post.id)
            writer.write(post.rank)
        }
        writer.write(nextRank)
    }
}
