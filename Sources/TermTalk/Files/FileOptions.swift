/// What a participant does with files that are offered to it.
package struct FileOptions: Sendable {
    /// Where they go; nil for the folder of downloads.
    var folder: String?
    /// Those of up to so many bytes are fetched unasked; nil for none.
    package var acceptedSize: UInt64?

    package init(folder: String? = nil, acceptedSize: UInt64? = nil) {
        self.folder = folder
        self.acceptedSize = acceptedSize
    }
}
