import ArgumentParser
internal import Chat
internal import Files
internal import TermTalk

/// What a participant does with files that others offer.
struct FileFlags: ParsableArguments {
    @Option(
        help: ArgumentHelp("Where received files go (default: the folder of downloads).", valueName: "FOLDER"),
        completion: .directory)
    var filesTo: String?

    @Option(
        help: ArgumentHelp(
            "Fetch files of up to this size unasked, for bots (default: none).", valueName: "SIZE"))
    var acceptFiles: String?

    func options() throws(ChatEvent.Notice) -> FileOptions {
        var options = FileOptions(folder: filesTo)
        if let acceptFiles {
            guard let count = ByteCount(acceptFiles)?.value, count <= FileFormat.largestSize else {
                throw ChatEvent.Notice(
                    .inputInvalid, "--accept-files cannot be used: it is not a size up to 16G",
                    hint: "write 64K, 100M or 2G")
            }
            options.acceptedSize = UInt64(count)
        }
        return options
    }
}
