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
    package var versions: [ProtocolVersion]
    package var cipherSuites: [CipherSuiteID]
    /// Without those that RFC 9420 defines: every client supports them.
    package var extensions: [ExtensionType]
    /// Without those that RFC 9420 defines: every client supports them.
    package var proposals: [ProposalType]
    /// All that are supported.
    package var credentials: [CredentialType]

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

    /// Whether extensions of this type are understood: listed, or defined by the RFC itself.
    package func supports(_ type: ExtensionType) -> Bool {
        type.isDefault || extensions.contains(type)
    }

    /// Whether proposals of this type are understood: listed, or defined by the RFC itself.
    package func supports(_ type: ProposalType) -> Bool {
        type.isDefault || proposals.contains(type)
    }

    /// Whether credentials of this type are understood; all must be listed.
    package func supports(_ type: CredentialType) -> Bool {
        credentials.contains(type)
    }

    /// Whether everything that a group requires is supported (section 11.1).
    package func satisfies(_ required: RequiredCapabilities) -> Bool {
        required.extensions.allSatisfy(supports) && required.proposals.allSatisfy(supports)
            && required.credentials.allSatisfy(supports)
    }
}
