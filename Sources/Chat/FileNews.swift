/// What happens to files that members pass to each other.
package enum FileNews: Sendable, Equatable {
    /// A member offers a file, or this one has offered it.
    case offered(File)
    /// So much of it is there, at this member or, of an own file, at `member`.
    case progress(File, Progress)
    /// All of it is there and proven: at `path`, or, of an own file, at `member`.
    case done(File, path: String?, member: MemberID?)
    /// Nothing more of it comes, and so much is there. Of an own file: `member` does not get it.
    case failed(File, Notice, bytes: UInt64, member: MemberID?)
    /// The answer to `/files`.
    case list([Entry])

    package typealias Notice = ChatEvent.Notice

    /// An offered file.
    package struct File: Sendable, Equatable {
        /// From 1, for this stay.
        package var number: Int
        /// The offer's id: 16 hex digits.
        package var id: String
        package var from: MemberID
        package var nick: String
        /// Safe as the name of a file, and to be shown.
        package var name: String
        /// What a person should know of it; nil when the name shows what it is.
        package var remark: String?
        /// Bytes.
        package var size: UInt64
        /// The only receiver.
        package var to: MemberID?
        package var isOwn: Bool

        package init(
            number: Int, id: String, from: MemberID, nick: String, name: String, remark: String?, size: UInt64,
            to: MemberID?, isOwn: Bool
        ) {
            self.number = number
            self.id = id
            self.from = from
            self.nick = nick
            self.name = name
            self.remark = remark
            self.size = size
            self.to = to
            self.isOwn = isOwn
        }
    }

    package struct Progress: Sendable, Equatable {
        /// Bytes that are there and proven.
        package var bytes: UInt64
        /// Bytes a second, lately.
        package var rate: UInt64
        /// Of an own file: where.
        package var member: MemberID?
        /// Whether a tenth more is there since the last time that this was so: for those who are told in sentences.
        package var isMilestone: Bool

        package init(bytes: UInt64, rate: UInt64, member: MemberID?, isMilestone: Bool) {
            self.bytes = bytes
            self.rate = rate
            self.member = member
            self.isMilestone = isMilestone
        }
    }

    /// A file and how it stands.
    package struct Entry: Sendable, Equatable {
        package var file: File
        /// For people.
        package var state: String

        package init(file: File, state: String) {
            self.file = file
            self.state = state
        }
    }
}
