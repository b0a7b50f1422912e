/// What helps people to find out who is who, and whether all are in the same room.
package enum Verification: Sendable, Equatable {
    case room(Overview)
    case check(Check)

    /// The answer to `/verify`.
    package struct Overview: Sendable, Equatable {
        /// The epoch of the words.
        package var epoch: UInt64
        /// Whether it is still the group's epoch.
        package var isCurrent: Bool
        package var words: [String]
        package var members: [Member]

        package init(epoch: UInt64, isCurrent: Bool, words: [String], members: [Member]) {
            self.epoch = epoch
            self.isCurrent = isCurrent
            self.words = words
            self.members = members
        }
    }

    package struct Member: Sendable, Equatable {
        package var info: ChatEvent.MemberInfo
        package var isOwn: Bool
        /// Nil for one that the host lists and the group does not have.
        package var fingerprint: Fingerprint?

        package init(info: ChatEvent.MemberInfo, isOwn: Bool, fingerprint: Fingerprint?) {
            self.info = info
            self.isOwn = isOwn
            self.fingerprint = fingerprint
        }
    }

    /// How far a check with one member has come.
    package struct Check: Sendable, Equatable {
        package enum State: String, Sendable, CaseIterable {
            /// The other one's program has not answered.
            case waiting
            /// There are words to compare.
            case compare
            /// The person has said that the words are the same, or that they are not.
            case verified, differs
            /// The mark is gone: the key is another one.
            case withdrawn
        }

        package var member: MemberID
        package var nick: String
        package var state: State
        /// Empty unless they are to be compared.
        package var words: [String]

        package init(member: MemberID, nick: String, state: State, words: [String] = []) {
            self.member = member
            self.nick = nick
            self.state = state
            self.words = words
        }
    }
}
