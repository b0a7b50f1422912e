package import Wire

/// What a client supports (section 7.2).
///
///     struct {
///         ProtocolVersion versions<V>;
///         CipherSuite cipher_suites<V>;
///         ExtensionType extensions<V>;
///         ProposalType proposals<V>;
///         CredentialType credentials<V>;
///     } Capabilities;
///
/// Values that we do not know, GREASE among them, are kept and otherwise ignored.
package struct Capabilities: WireValue {
    var versions: [ProtocolVersion]
    var cipherSuites: [CipherSuiteID]
    /// Without those that RFC 9420 defines: every client supports them.
    var extensions: [ExtensionType]
    /// Without those that RFC 9420 defines: every client supports them.
    var proposals: [ProposalType]
    /// All that are supported.
    var credentials: [CredentialType]

    package init(
        versions: [ProtocolVersion] = [.mls10], cipherSuites: [CipherSuiteID], extensions: [ExtensionType] = [],
        proposals: [ProposalType] = [], credentials: [CredentialType] = [.basic]
    ) {
        self.versions = versions
        self.cipherSuites = cipherSuites
        self.extensions = extensions
        self.proposals = proposals
        self.credentials = credentials
    }

    package init(from reader: inout ByteReader) throws(WireError) {
        versions = try reader.readList()
        cipherSuites = try reader.readList()
        extensions = try reader.readList()
        proposals = try reader.readList()
        credentials = try reader.readList()
    }

    package func write(to writer: inout ByteWriter) {
        writer.writeList(versions)
        writer.writeList(cipherSuites)
        writer.writeList(extensions)
        writer.writeList(proposals)
        writer.writeList(credentials)
    }

    /// Whether credentials of this type are understood; all must be listed.
    func supports(_ type: CredentialType) -> Bool {
        credentials.contains(type)
    }

    // Both lists of a comparison can be somebody else's and long: none is searched for each entry of the other.

    /// Whether all these extensions are understood.
    func support(_ types: [ExtensionType]) -> Bool {
        let others = types.filter { !$0.isDefault }
        return others.isEmpty || Set(extensions).isSuperset(of: others)
    }

    /// Whether all these proposals are understood.
    func support(_ types: [ProposalType]) -> Bool {
        let others = types.filter { !$0.isDefault }
        return others.isEmpty || Set(proposals).isSuperset(of: others)
    }

    /// Whether all these credentials are understood.
    func support(_ types: some Collection<CredentialType>) -> Bool {
        types.isEmpty || Set(credentials).isSuperset(of: types)
    }
}
