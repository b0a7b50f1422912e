internal import Chat

/// Whose nick, and whose id, reads like what: those of members, and of those who wait to be let into the group.
struct NameBook {
    private(set) var ofNick: [NickSkeleton: MemberID] = [:]
    private(set) var ofID: [NickSkeleton: MemberID] = [:]

    /// Who has the nick, or one that reads like it.
    func holder(of nick: Nick) -> MemberID? { ofNick[nick.skeleton] }

    /// Whether the id reads like nobody's id or nick.
    func isFree(_ id: MemberID) -> Bool {
        let skeleton = NickSkeleton(id)
        return ofNick[skeleton] == nil && ofID[skeleton] == nil
    }

    /// Returns whether nobody had the nick or the id.
    @discardableResult
    mutating func take(_ nick: Nick, by id: MemberID) -> Bool {
        let had = ofNick.updateValue(id, forKey: nick.skeleton)
        return ofID.updateValue(id, forKey: NickSkeleton(id)) == nil && had == nil
    }

    /// The member has neither any more. In a room that is read again somebody else may have the nick of one who waited at its snapshot.
    mutating func release(_ nick: Nick, of id: MemberID) {
        if ofNick[nick.skeleton] == id { ofNick[nick.skeleton] = nil }
        if ofID[NickSkeleton(id)] == id { ofID[NickSkeleton(id)] = nil }
    }

    mutating func rename(_ id: MemberID, from old: Nick, to nick: Nick) {
        if ofNick[old.skeleton] == id { ofNick[old.skeleton] = nil }
        ofNick[nick.skeleton] = id
    }

    /// The nick that a member has asked for, if it may have that one.
    func acceptable(_ text: String, for id: MemberID, isHost: Bool) throws(RefusedNick) -> Nick {
        guard let nick = try? Nick(validating: text, isHost: isHost) else { throw RefusedNick(code: .nickInvalid) }
        let owners = [ofNick[nick.skeleton], ofID[nick.skeleton]]
        guard owners.allSatisfy({ $0 == nil || $0 == id }) else { throw RefusedNick(code: .nickTaken) }
        guard nick.isOfOneScript else { throw RefusedNick(code: .nickInvalid) }
        return nick
    }

    /// The nick that a joiner gets: the one that it asks for, or where somebody has that one, or one that looks like it, the
    /// next with a number behind it; its id where so many are taken.
    ///
    /// - Parameter isTaken: whether somebody who has no place yet may be meant by it.
    func free(
        _ text: String, for id: MemberID, isHost: Bool, isTaken: (Nick) -> Bool = { _ in false }
    ) throws(RefusedNick) -> Nick {
        let wanted = text.isEmpty ? id.description : text
        guard let base = try? Nick(validating: wanted, isHost: isHost), base.isOfOneScript else {
            // It cannot be had with a number, either.
            return try acceptable(wanted, for: id, isHost: isHost)
        }
        for number in 1...RoomLimits.nicksTried {
            let candidate = number == 1 ? base.text : base.numbered(number)
            guard let nick = try? acceptable(candidate, for: id, isHost: isHost), !isTaken(nick) else { continue }
            return nick
        }
        return try acceptable(id.description, for: id, isHost: isHost)
    }
}
