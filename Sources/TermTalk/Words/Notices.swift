package import Chat
internal import Room
internal import SecureSession
package import TorController
internal import Transport

// What people and scripts are told about the errors of the parts below. The parts say what happened; the words are here.

extension SessionError {
    /// Whether trying again cannot help.
    var isFinal: Bool {
        switch self {
        case .versionMismatch, .noSuchRoom, .hostKeyMismatch, .passwordNotConfirmed: true
        case .busy, .notTermTalk, .handshakeFailed, .sealBroken, .malformed, .messageTooLong, .exhausted: false
        }
    }
}

extension SessionError {
    var notice: ChatEvent.Notice {
        switch self {
        case .notTermTalk:
            .init(
                .notTermtalk, "cannot join: what answers at this address is not termtalk",
                hint: "check the address and the port")
        case .versionMismatch(let version):
            .init(
                .versionMismatch,
                "cannot join: the host speaks version \(version) of the protocol, this program version \(SessionProtocol.version)",
                hint: "update the older termtalk of the two")
        case .noSuchRoom:
            .init(
                .noSuchRoom, "cannot join: the host does not have this room",
                hint: "check the room's name, or ask for a new invite")
        case .busy: .hostBusy
        case .hostKeyMismatch:
            .init(
                .hostKeyMismatch,
                "cannot join: the host showed another key than the one that is known; somebody may be in between",
                hint:
                    "ask the host for its key over another channel; if it has a new one, join with that: --host-key KEY"
            )
        case .handshakeFailed, .sealBroken, .malformed, .messageTooLong:
            .init(
                .notTermtalk, "the connection was given up: the other side broke the protocol",
                hint: "try again; if it stays, update termtalk on both sides")
        case .passwordNotConfirmed: .passwordUnconfirmed
        case .exhausted:
            .init(.connectionLost, "the connection was given up: its numbers are used up", hint: "join again")
        }
    }
}

extension ChatEvent.Notice {
    static let wordsNeedMemory = Self(
        .internalError, "the room words cannot be made: there is not enough memory",
        hint: "64 MiB are needed; try again")

    static let closedBeforeAdmission = ChatEvent.Notice(
        .connectionLost, "cannot join: the host closed the connection", hint: "try again in a moment")

    /// A host that has no time for a handshake closes without a word.
    static let hostBusy = ChatEvent.Notice(
        .hostBusy, "cannot join: the host is too busy to answer now",
        hint: "try again in a moment; if it stays, check the address: it may not be termtalk")

    static let hostKeyUnknown = ChatEvent.Notice(
        .hostKeyUnknown, "cannot join: the host's key is not known, and nobody confirmed it",
        hint: "use the invite, or --host-key KEY, or --accept-new-host if the network is trusted")

    /// Told to the host.
    static func passwordGuessed(count: Int, delay: Duration, isInvited: Bool) -> ChatEvent.Notice {
        let who = isInvited ? "somebody with an invite" : "somebody without an invite"
        let times = count == 1 ? "1 of late" : "\(count) of late"
        return .init(
            .passwordGuessed, "\(who) gave a wrong password (\(times))",
            hint: delay == .zero
                ? "if it goes on, everybody who comes this way has to wait"
                : "who comes this way has to wait for \(delay.components.seconds) s now", count: count)
    }

    /// Told to the host: somebody floods the room.
    static func underAttack(_ tally: AttackWatch.Tally) -> ChatEvent.Notice {
        .init(
            .underAttack, "under attack: refused in \(tally.seconds) s: \(tally.text)",
            hint:
                "members inside are not touched, and invites go first; /move gives an onion room another address, and see "
                + "under-attack in docs/troubleshooting.md",
            count: tally.total)
    }

    static func attackOver(_ tally: AttackWatch.Tally) -> ChatEvent.Notice {
        .init(
            .attackOver, "the attack is over: refused in \(tally.seconds) s: \(tally.text)", count: tally.total)
    }

    /// To the host, of what it wants to listen on.
    package static let unknownListenAddress = ChatEvent.Notice(
        .addressInvalid, "cannot listen: there is no such address or name",
        hint: "write an address of this machine, or 0.0.0.0:PORT for all of them")

    static let outOfDescriptors = ChatEvent.Notice(
        .descriptorsExhausted, "nobody can come in now: there are no file descriptors left for connections",
        hint: "raise the limit: ulimit -Hn, or LimitNOFILE= of the service; each member takes one")

    static let diskHangs = ChatEvent.Notice(
        .registryUnwritable, "the list of rooms was not changed: the disk does not answer",
        hint: "the room does not depend on it; look at the file system of your home")

    /// To a host: it was published, and its own dial failed.
    static func onionNotReachable(_ error: TorError) -> ChatEvent.Notice {
        let reason =
            error == .connectionRefused
            ? "tor cannot connect to this program" : "a dial through tor failed (\(error.code))"
        return .init(
            .onionNotReachable, "the room is published, but it could not be reached: \(reason)",
            hint:
                "where tor runs in a container or on another machine, say where it can reach us: --onion-target ADDR:PORT"
        )
    }

    static let onionNeedsTarget = ChatEvent.Notice(
        .onionNotReachable, "cannot publish the room: this tor is on another machine, and cannot reach us on loopback",
        hint: "say where it can reach this program: --onion-target ADDR:PORT")

    static let onionIsNotDirect = ChatEvent.Notice(
        .addressInvalid, "the address cannot be used: an onion service is reached through tor only",
        hint: "give it as --onion HOST.onion[:PORT]")

    static let nobodyAtHost = ChatEvent.Notice(
        .notPermitted, "nothing was changed: nobody takes part at a headless host",
        hint: "end it with SIGTERM to close the room")

    static let bannedFromOpenRoom = ChatEvent.Notice(
        .banned, "who knows the room's name and address can come in without an invite, the banned one too",
        hint: "/lock keeps everybody new out; host with --invite-only, --approve or --password to choose")

    static let torWithoutProofOfWork = ChatEvent.Notice(
        .torWithoutPow,
        "this tor has no proof-of-work defence: the room works, but a flood costs those who send it less",
        hint: "it came with tor 0.4.9; a newer one is at deb.torproject.org")

    static let passwordNeedsMemory = ChatEvent.Notice(
        .internalError, "the password cannot be used: there is not enough memory",
        hint: "it takes 64 MiB for a moment")

    static func closedInHandshake(invited: Bool) -> ChatEvent.Notice {
        invited
            ? SessionError.noSuchRoom.notice
            : .init(
                .notTermtalk, "cannot join: the other side closed the connection instead of a handshake",
                hint: "check the address and the port")
    }

    static func roomReopened(undelivered count: Int) -> ChatEvent.Notice {
        let messages = count == 1 ? "1 message was" : "\(count) messages were"
        return .init(
            .roomReopened,
            "the stay is over: the host does not know this room's members any more"
                + (count > 0 ? "; \(messages) not delivered" : ""),
            hint: "it was probably started again, and opened a new room: ask for its invite",
            count: count > 0 ? count : nil)
    }

    static let roomPaused = ChatEvent.Notice(
        .roomPaused, "the host pauses the room: it goes on by itself when the host is back",
        hint: "stay, and what is said meanwhile comes then; /quit leaves")

    static let inviteChanged = ChatEvent.Notice(
        .inviteUsed, "there is no invite to show: the one that you came with lets nobody in any more",
        hint: "ask the host for the new one")

    static func handshakeTimeout(invited: Bool) -> ChatEvent.Notice {
        invited
            ? .init(
                .noSuchRoom, "cannot join: the host does not answer to this invite",
                hint: "it was used, revoked or has expired long ago, or the room was opened anew: ask for a new one; "
                    + "a host that hangs looks the same")
            : .init(
                .connectionTimeout, "cannot join: the other side does not answer the handshake",
                hint: "check the address and the port; it may not be termtalk")
    }
}

extension AttackWatch.Tally {
    /// `812 handshakes without an invite, 3 passwords`
    fileprivate var text: String {
        AttackWatch.Cause.allCases.filter { self[$0] > 0 }.map { "\(self[$0]) \($0.text(count: self[$0]))" }
            .joined(separator: ", ")
    }
}

extension AttackWatch.Cause {
    fileprivate func text(count: Int) -> String {
        let s = count == 1 ? "" : "s"
        return switch self {
        case .openHandshake: "handshake\(s) without an invite"
        case .invitedHandshake: "handshake\(s) with an invite"
        case .place: "connection\(s) that gave way to others"
        case .password: "password\(s)"
        case .circuit: "circuit\(s) of tor that said nothing more"
        case .address: "connection\(s) from a busy address"
        }
    }
}

extension HostPort.ParseError {
    var notice: ChatEvent.Notice {
        .init(.addressInvalid, "the address cannot be used: \(reason)", hint: hint)
    }

    private var hint: String {
        switch self {
        case .missingZone: "write [fe80::1%eth0]:PORT, with the interface of this machine that leads there"
        case .mappedIPv4: "write its last part alone: 192.0.2.1:PORT"
        default: "write HOST:PORT, or [V6]:PORT"
        }
    }

    private var reason: String {
        switch self {
        case .missingPort: "it has no port"
        case .invalidPort: "its port is not a number from 0 to 65535"
        case .invalidHost: "what is before the port is neither a name nor an address"
        case .missingBrackets: "an IPv6 address stands in brackets before its port"
        case .missingZone: "a link-local address is one of each network, and it does not say which"
        case .mappedIPv4: "it is an IPv4 address written as an IPv6 one"
        }
    }
}

extension DialError {
    var notice: ChatEvent.Notice {
        switch self {
        case .refused:
            .init(
                .connectionRefused, "cannot connect: nothing listens at this address",
                hint: "the room may have ended; else check that the host is running, and the port")
        case .timedOut:
            .init(
                .connectionTimeout, "cannot connect: no answer from this address",
                hint: "check the address; a firewall may be in between")
        case .unreachable:
            .init(.hostUnreachable, "cannot connect: the network has no way to this address", hint: "check the network")
        case .nameNotFound:
            .init(.hostUnreachable, "cannot connect: the host name is not known", hint: "check the spelling")
        case .onionName: .onionIsNotDirect
        case .failed(let code):
            .init(.hostUnreachable, "cannot connect: \(SystemError.text(code))", hint: "try again")
        }
    }
}

extension TorError {
    /// tor's "Handshaking with a relay", in percent: what it has connected to speaks TLS, but not as relays do.
    private static let answeredByNoRelay = 14

    package var notice: ChatEvent.Notice {
        switch self {
        case .unreachable(let cause): cause.notice
        case .authenticationFailed(let failure): failure.notice
        case .permissionDenied:
            .init(
                .torPermission, "cannot use tor: this user may not open its control socket or cookie",
                hint: "sudo adduser $USER debian-tor, then log in again; or use --tor managed")
        case .filtered(let command):
            .init(
                .torFiltered, "cannot use tor: a filter in front of its control port refuses \(command)",
                hint: "allow it there; docs/tor-guide.md has a profile for onion-grater, under Whonix")
        case .untrusted(let cause): cause.notice
        case .bridgeFailed(let failure): failure.notice
        case .bootstrapStalled(let progress, let summary, let warning):
            .init(
                .torBootstrapStalled,
                "tor does not get into its network: it stays at \(progress)% (\(summary))"
                    + (warning.map { ", \($0)" } ?? ""),
                hint: progress == Self.answeredByNoRelay
                    ? "what answers there is no relay of tor: perhaps the login page of this network, or what blocks tor "
                        + "in it; then it needs a bridge"
                    : "check the network and the clock; some networks block tor, then it needs a bridge")
        case .invalidAddress(let problem): problem.notice
        // A tor without ExtendedErrors says "host unreachable" of an address without descriptor; what it knows but does not
        // reach, it tries until a timeout.
        case .onionNotFound, .onionUnreachable(.socksReply(4)):
            .init(
                .onionNotFound, "cannot join: no such onion service is known to tor",
                hint: "check the address; the host may be offline, or its room may have ended")
        case .onionAuthRequired(wrongKey: false):
            .init(
                .onionAuthRequired, "cannot join: the onion service asks for client authorization",
                hint: "ask the host for an invite: it has a key, and the address alone does not do")
        case .onionAuthRequired(wrongKey: true):
            .init(
                .onionAuthRequired, "cannot join: the onion service does not take the key of this invite",
                hint: "if the invite is new, try again in a minute; else it was revoked or used: ask for another one")
        case .clientAuthorizationUnsupported:
            .init(
                .torWithoutClientAuth, "cannot use client authorization: this tor does not have it",
                hint: "it came with tor 0.4.6: install a newer one, or host without --client-auth")
        case .onionUnreachable:
            .init(
                .onionUnreachable, "cannot join: the onion service is known, but does not answer",
                hint: "the room may have ended (rooms live 5 minutes if nothing else was asked for), or the host is "
                    + "offline; try again in a minute")
        case .publishFailed(let failure):
            .init(
                .onionPublishFailed, "the onion service cannot be published: \(failure.reason)", hint: failure.hint)
        case .connectionRefused:
            .init(
                .connectionRefused, "cannot join: the onion service refuses this port",
                hint: "check the port behind the address")
        case .connectionTimeout:
            .init(
                .connectionTimeout, "cannot join: no connection within the time allowed",
                hint: "tor may be slow now; try again in a minute")
        case .hostUnreachable:
            .init(.hostUnreachable, "cannot connect: tor cannot reach this host", hint: "check the address")
        }
    }
}

extension BridgeFailure {
    fileprivate var notice: ChatEvent.Notice {
        switch self {
        case .noProgram(let transport, let package):
            .init(
                .bridgeFailed, "cannot use the bridge: no program for \(transport) is installed",
                hint: "sudo apt install \(package)")
        case .unknownTransport(let transport):
            .init(
                .bridgeFailed, "cannot use the bridge: its transport \(transport) is not known",
                hint: "name its program by ClientTransportPlugin in a file, and that in TERMTALK_TOR_INCLUDE")
        case .refused(let words):
            .init(
                .bridgeFailed, "cannot use the bridge: tor refused it\(words.fromTor)",
                hint: "copy the line again, whole, from where it came")
        case .noWay(let progress, let said):
            .init(
                .bridgeFailed,
                "cannot use the bridge: tor does not get through it, and stays at \(progress)%\((said ?? "").fromTor)",
                hint: "try another one: https://bridges.torproject.org, or mail to bridges@torproject.org")
        }
    }
}

extension UntrustedCause {
    fileprivate var notice: ChatEvent.Notice {
        let reason =
            switch self {
            case .owner(let endpoint): "what listens at \(endpoint) belongs to another user"
            case .ownerUnknown(let endpoint): "it cannot be told whose process listens at \(endpoint)"
            case .cookieFile(let endpoint): "the cookie file that \(endpoint) names is not tor's"
            }
        return .init(
            .torUntrusted, "cannot use tor: \(reason), so it may only pretend to be tor",
            hint: "if it is your tor, name it: --tor-control, or --tor-socks for a SOCKS port; see docs/tor-guide.md")
    }
}

extension UnreachableCause {
    fileprivate var notice: ChatEvent.Notice {
        let start = "sudo systemctl start tor, or sudo apt install tor"
        return switch self {
        case .noProgram:
            .init(
                .torUnreachable, "cannot use tor: no tor is running, and no tor program is installed",
                hint: "sudo apt install tor")
        case .nothingListens:
            .init(.torUnreachable, "cannot use tor: nothing listens where tor should", hint: start)
        case .notControlPort:
            .init(
                .torUnreachable, "cannot use tor: what answers there is not tor's control port",
                hint: "check --tor-control")
        case .noAnswer:
            .init(
                .torUnreachable, "cannot use tor: its control port does not answer",
                hint: "tor may be stopped or very busy: try again, or check --tor-control")
        case .notSocksPort:
            .init(
                .torUnreachable, "cannot use tor: what answers there is not tor's SOCKS port", hint: "check --tor-socks"
            )
        case .answerTooLong:
            .init(
                .torUnreachable, "cannot use tor: its answer is longer than this program reads",
                hint: "tor may be very busy: try again in a minute")
        case .noSocksPort:
            .init(
                .torUnreachable, "cannot use tor: it has no SOCKS port that can be used from here",
                hint: "write SocksPort 9050 into torrc, or name a port of the same tor with --tor-socks")
        case .connectionLost:
            .init(.torUnreachable, "cannot use tor: it ended the connection", hint: start)
        case .childFailed(let failure):
            .init(
                .torUnreachable, "cannot use tor: it was started but \(failure.reason)",
                hint: "run tor --verify-config, or use a system tor: \(start)")
        }
    }
}

extension TorStartFailure {
    fileprivate var reason: String {
        switch self {
        case .addressInUse: "found its address in use"
        case .dataDirectoryInUse: "found its data directory in use"
        case .directoryPermission: "may not use its data directory"
        case .configuration(let text): "refused its configuration\(text.fromTor)"
        case .spawn(let code): "did not start (\(SystemError.text(code)))"
        case .exited(_, let said): "ended at once\((said ?? "").fromTor)"
        case .noControlSocket: "opened no control socket"
        }
    }
}

extension AuthenticationFailure {
    fileprivate var notice: ChatEvent.Notice {
        switch self {
        case .cookieMissing, .cookieMalformed, .cookieMismatch:
            .init(
                .torAuthFailed, "cannot use tor: its authentication cookie does not fit",
                hint: "restart tor, so that it writes a new one: sudo systemctl restart tor")
        case .refused:
            .init(
                .torAuthFailed, "cannot use tor: it refused this program's authentication",
                hint: "check the password in TERMTALK_TOR_PASSWORD, or restart tor")
        case .passwordNeeded:
            .init(
                .torAuthFailed, "cannot use tor: its control port asks for a password",
                hint: "put it into the environment as TERMTALK_TOR_PASSWORD")
        case .noCommonMethod:
            .init(
                .torAuthFailed, "cannot use tor: it offers no way of authentication that this program knows",
                hint: "set CookieAuthentication 1 in torrc")
        }
    }
}

extension OnionAddressProblem {
    fileprivate var notice: ChatEvent.Notice {
        let reason =
            switch self {
            case .notOnion: "it does not end in .onion"
            case .subdomain: "it has a part before the address proper"
            case .length: "it must have 56 characters before .onion"
            case .alphabet: "it has characters other than a-z and 2-7"
            case .version: "it is not of version 3"
            case .checksum: "its check does not fit, so a character must be wrong"
            case .publicKey: "it is no public key"
            case .port: "its port is not a number from 1 to 65535"
            case .refusedByTor: "tor refuses it"
            }
        return .init(
            .onionInvalidAddress, "the onion address cannot be used: \(reason)", hint: "copy it again, whole")
    }
}

extension PublishFailure {
    fileprivate var reason: String {
        switch self {
        case .refused(let status, let text): "tor refused it (\(status))\(text.fromTor)"
        case .collision: "this tor serves the same address already"
        case .notUploaded(let reason): "no directory of tor took its descriptor\((reason ?? "").fromTor)"
        }
    }

    fileprivate var hint: String {
        switch self {
        case .refused(510, _), .refused(512, _), .refused(513, _):
            "this tor does not understand what is asked of it: a newer one may; see docs/tor-guide.md"
        case .refused: "tor's log says more; try again in a minute"
        case .collision:
            "another termtalk of this address uses this tor: end that one, or wait until tor notices that it has"
        case .notUploaded: "check the network and the clock of this machine; tor's log says more"
        }
    }
}

extension String {
    /// `: ` and what tor said, cut and without what is no plain text; nothing where tor said nothing. A key that tor might
    /// repeat would be the only word of such a length.
    fileprivate var fromTor: String {
        let words = unicodeScalars.map { $0.value >= 0x20 && $0.value < 0x7F ? Character($0) : " " }
            .split(separator: " ").map { $0.count > 64 ? "..." : String($0) }
        let text = String(words.joined(separator: " ").prefix(200))
        return text.isEmpty ? "" : ": \(text)"
    }
}
