package import EventLoop

/// Everything that can go wrong between this program and an onion service, in the words of the stable error codes.
///
/// One case is one code of the command line's contract; what a case carries is what a person needs to act on it.
package enum TorError: Error, Equatable, Sendable {
    /// No usable tor: nothing answers, it is not tor, or our own child did not start.
    case unreachable(UnreachableCause)
    /// A tor answers but refuses this program, or fails to prove that it is the tor the cookie belongs to.
    case authenticationFailed(AuthenticationFailure)
    /// A filter in front of the control port does not let this command through.
    case filtered(command: String)
    /// The control socket or the cookie file at `path` may not be opened by this user.
    case permissionDenied(path: String)
    /// What answers was found, not named by the person, and need not be tor.
    case untrusted(UntrustedCause)
    /// The bridges that were given cannot be used.
    case bridgeFailed(BridgeFailure)
    /// Bootstrapping made no progress for the stall timeout.
    case bootstrapStalled(progress: Int, summary: String, warning: String?)
    /// The text is not the address of a v3 onion service.
    case invalidAddress(OnionAddressProblem)
    /// No directory has a descriptor of the service: it is not running, or not yet published.
    case onionNotFound
    /// The service asks for client authorization; `wrongKey` tells a refused key from a missing one.
    case onionAuthRequired(wrongKey: Bool)
    /// The service has a descriptor but cannot be reached.
    case onionUnreachable(OnionUnreachableCause)
    /// The tor in use is too old for services that ask for client authorization.
    case clientAuthorizationUnsupported
    /// The onion service could not be added or its descriptor not uploaded.
    case publishFailed(PublishFailure)
    /// The other end of the circuit refused the port.
    case connectionRefused
    /// The connection was not there before its deadline.
    case connectionTimeout
    /// A DNS host behind tor could not be resolved or reached.
    case hostUnreachable
}

/// Why what answers where tor should be is not believed to be tor.
package enum UntrustedCause: Equatable, Sendable {
    /// Its process belongs to another user.
    case owner(SocketAddress)
    /// It cannot be told whose process it is.
    case ownerUnknown(SocketAddress)
    /// The cookie file that it names belongs to another user, or is a symbolic link.
    case cookieFile(SocketAddress)
}

/// Why there is no usable tor.
package enum UnreachableCause: Equatable, Sendable {
    /// There is no program of this name to start as a child.
    case noProgram(String)
    /// Nothing listens at the endpoint.
    case nothingListens(SocketAddress)
    /// What listens there does not speak tor's control protocol.
    case notControlPort(SocketAddress)
    /// What listens there takes connections and says nothing.
    case noAnswer(SocketAddress)
    /// What listens there does not speak SOCKS5 with user names.
    case notSocksPort(SocketAddress)
    /// The tor in use has no SOCKS port that can be reached from here.
    case noSocksPort
    /// The control connection ended or stopped answering.
    case connectionLost
    /// An answer was longer than is read; the connection goes on.
    case answerTooLong
    /// The child ended or refused its configuration.
    case childFailed(TorStartFailure)
}

/// What a tor child said before it gave up.
package enum TorStartFailure: Equatable, Sendable {
    case addressInUse
    case dataDirectoryInUse
    case directoryPermission
    case configuration(String)
    case spawn(errno: Int32)
    /// `said`: its latest warning or error.
    case exited(status: Int32, said: String?)
    case noControlSocket
}

/// Why authentication at a control port failed.
package enum AuthenticationFailure: Equatable, Sendable {
    /// There is no cookie file where tor says it is.
    case cookieMissing
    /// The cookie file does not hold exactly 32 bytes.
    case cookieMalformed
    /// The peer's proof does not fit the cookie: stale cookie file, or not the tor it belongs to.
    case cookieMismatch
    /// tor answered no to what was sent.
    case refused
    /// A password is the only way in and none was given.
    case passwordNeeded
    /// tor offers nothing this program can do.
    case noCommonMethod
}

/// What is wrong with the text of an onion address.
package enum OnionAddressProblem: Equatable, Sendable {
    case notOnion
    case subdomain
    case length
    case alphabet
    case version
    case checksum
    case publicKey
    case port
    /// tor itself refused the address.
    case refusedByTor
}

/// How far a connection to an onion service came.
package enum OnionUnreachableCause: Equatable, Sendable {
    case descriptorInvalid
    case introductionFailed
    case introductionTimedOut
    case rendezvousFailed
    /// tor gives no more than "failed"; the code is that of SOCKS.
    case socksReply(UInt8)
    /// tor has no network.
    case noNetwork
}

/// Why an onion service is not published.
package enum PublishFailure: Equatable, Sendable {
    /// tor's answer to ADD_ONION.
    case refused(status: Int, text: String)
    /// The same address is already served by this tor, through another control connection.
    case collision
    /// No directory confirmed the descriptor in time; `reason` is the last one tor gave.
    case notUploaded(reason: String?)
}

extension TorError {
    /// The stable kebab-case code of the command line's contract.
    package var code: String {
        switch self {
        case .unreachable: "tor-unreachable"
        case .authenticationFailed: "tor-auth-failed"
        case .permissionDenied: "tor-permission"
        case .filtered: "tor-filtered"
        case .untrusted: "tor-untrusted"
        case .bridgeFailed: "bridge-failed"
        case .bootstrapStalled: "tor-bootstrap-stalled"
        case .invalidAddress: "onion-invalid-address"
        case .onionNotFound: "onion-not-found"
        case .onionAuthRequired: "onion-auth-required"
        case .onionUnreachable: "onion-unreachable"
        case .clientAuthorizationUnsupported: "tor-without-client-auth"
        case .publishFailed: "onion-publish-failed"
        case .connectionRefused: "connection-refused"
        case .connectionTimeout: "connection-timeout"
        case .hostUnreachable: "host-unreachable"
        }
    }
}
