package import Wire

/// Who a signature key belongs to (section 5.3).
///
///     struct {
///         CredentialType credential_type;
///         select (Credential.credential_type) {
///             case basic: opaque identity<V>;
///             case x509:  Certificate certificates<V>;
///         };
///     } Credential;
///
/// A credential of another type has no known length, and so whatever holds it cannot be read.
package enum Credential: WireValue {
    /// Bytes that the application understands.
    case basic(identity: [UInt8])
    /// A chain of DER certificates, the end entity's first; none of them is looked at here.
    case x509(certificates: [[UInt8]])

    /// The type's number.
    var type: CredentialType {
        switch self {
        case .basic: .basic
        case .x509: .x509
        }
    }

    package init(from reader: inout ByteReader) throws(WireError) {
        switch try CredentialType(from: &reader) {
        case .basic: self = .basic(identity: try reader.readOpaque())
        case .x509: self = .x509(certificates: try reader.readList(of: Certificate.self).map(\.content))
        default: throw .invalidValue
        }
    }

    package func write(to writer: inout ByteWriter) {
        type.write(to: &writer)
        switch self {
        case .basic(let identity): writer.writeVector(identity)
        case .x509(let certificates): writer.writeList(certificates.map(Certificate.init(content:)))
        }
    }

    private struct Certificate: WireValue {
        let content: [UInt8]

        init(content: [UInt8]) {
            self.content = content
        }

        init(from reader: inout ByteReader) throws(WireError) {
            content = try reader.readOpaque()
        }

        func write(to writer: inout ByteWriter) {
            writer.writeVector(content)
        }
    }
}
