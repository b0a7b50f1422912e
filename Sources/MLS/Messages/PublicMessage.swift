internal import Sodium
package import Wire

/// A signed message in the clear (RFC 9420 section 6.2), not checked yet.
package struct PublicMessage: WireValue {
    package let content: FramedContent
    let authentication: FramedContentAuthData
    /// From members, and from nobody else.
    let membershipTag: [UInt8]?

    package init(from reader: inout ByteReader) throws(WireError) {
        content = try FramedContent(from: &reader)
        authentication = try FramedContentAuthData(for: content.body.type, from: &reader)
        membershipTag = if case .member = content.sender { try reader.readOpaque() } else { nil }
    }

    package func write(to writer: inout ByteWriter) {
        content.write(to: &writer)
        authentication.write(to: &writer)
        if let membershipTag {
            writer.writeVector(membershipTag)
        }
    }

    /// Wraps a signed content; a member's gets the membership tag.
    init(
        _ authenticated: AuthenticatedContent, context: GroupContext, suite: CipherSuite,
        membershipKey: borrowing SecretBytes
    ) {
        content = authenticated.content
        authentication = authenticated.authentication
        membershipTag =
            if case .member = content.sender {
                suite.mac(authenticated.toBeMACed(context: context), key: membershipKey)
            } else {
                nil
            }
    }

    /// Wraps a signed content of someone who is no member.
    init(fromOutside authenticated: AuthenticatedContent) {
        content = authenticated.content
        authentication = authenticated.authentication
        membershipTag = nil
    }

    /// The signed content, once the membership tag is right. Application data in the clear is refused (section 6.2).
    func unprotected(
        context: GroupContext, suite: CipherSuite, membershipKey: borrowing SecretBytes
    ) throws(MLSError) -> AuthenticatedContent {
        guard content.body.type != .application else { throw .applicationDataInTheClear }
        let authenticated = AuthenticatedContent(
            wireFormat: .publicMessage, content: content, authentication: authentication)
        if case .member = content.sender {
            let expected = suite.mac(authenticated.toBeMACed(context: context), key: membershipKey)
            guard let membershipTag, constantTimeEquals(membershipTag, expected) else { throw .invalidMembershipTag }
        }
        return authenticated
    }
}
