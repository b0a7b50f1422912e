/// What a person does with files.
package enum FileCommand: Sendable, Equatable {
    /// Offers the file at this path to all, or to the one member that `to` names.
    case send(path: String, to: String?)
    /// Offers what was offered to all to one member more, by the file's number.
    case sendAgain(Int, to: MemberID)
    /// Fetches an offered file, named by its number or id, into the folder of downloads or this one.
    case accept(String, folder: String?)
    /// Does not want it (any more), or does not offer it any more.
    case decline(String)
    case list
}
