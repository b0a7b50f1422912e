internal import Wire

/// The content of the group context extension `required_capabilities` (section 11.1): what every member must support.
struct RequiredCapabilities: WireValue {
    var extensions: [ExtensionType]
    var proposals: [ProposalType]
    var credentials: [CredentialType]

    init(
        extensions: [ExtensionType] = [], proposals: [ProposalType] = [], credentials: [CredentialType] = []
    ) {
        self.extensions = extensions
        self.proposals = proposals
        self.credentials = credentials
    }

    init(from reader: inout ByteReader) throws(WireError) {
        extensions = try reader.readList()
        proposals = try reader.readList()
        credentials = try reader.readList()
    }

    func write(to writer: inout ByteWriter) {
        writer.writeList(extensions)
        writer.writeList(proposals)
        writer.writeList(credentials)
    }
}
