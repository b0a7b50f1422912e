/// A framed content whose signature is its sender's, and whose membership tag or encryption is the group's. There is no
/// other way to one than the checks, and nothing but one is processed.
struct VerifiedContent: Sendable {
    let authenticated: AuthenticatedContent

    /// For ``AuthenticatedContent/verified(by:context:suite:)`` alone.
    init(signed authenticated: AuthenticatedContent) {
        self.authenticated = authenticated
    }

    /// What was said.
    var content: FramedContent { authenticated.content }
}
