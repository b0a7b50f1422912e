/// The client side of SOCKS5 (RFC 1928, 1929) as tor speaks it, from greeting to the stream's first byte.
///
/// Only authentication by user name and password is offered, so a proxy that would put streams of different ones on one
/// circuit is refused rather than used.
package struct SOCKS5Client {
    /// Where the stream shall go; names are resolved by tor.
    package struct Target: Equatable, Sendable {
        /// An onion host, a DNS name or an IP address, at most 255 bytes.
        var host: String
        var port: UInt16

        package init(host: String, port: UInt16) {
            self.host = host
            self.port = port
        }
    }

    package enum Output: Equatable, Sendable {
        case send([UInt8])
        /// The stream is open; the rest of the bytes given to `received` belong to it.
        case connected(rest: [UInt8])
        /// tor says what went wrong, perhaps not for good: its ExtendedErrors keep the code of a first try (one directory
        /// without the descriptor, one failed rendezvous) although a later try has opened the stream. After a
        /// failure tor closes at once; a stream that stays open is connected.
        case undecided(code: UInt8, rest: [UInt8])
    }

    package enum Failure: Error, Equatable, Sendable {
        /// What answers is not SOCKS5, or does not do user names.
        case notSocks
        /// Reply codes 1 to 8 of RFC 1928, and others below tor's ExtendedErrors.
        case reply(UInt8)
        /// The host does not fit a request.
        case hostTooLong
    }

    /// Bytes of a host (RFC 1928, section 5: one length byte).
    static let maximumFieldByteCount = 255

    private enum State {
        case waitingForMethod
        case waitingForAuthentication
        case waitingForReply
        case connected
        case failed
    }

    private let target: Target
    private let credentials: SocksCredentials
    private var state = State.waitingForMethod
    /// At most the 262 bytes of the longest reply, plus what came with it.
    private var buffer: [UInt8] = []

    init(target: Target, credentials: SocksCredentials = .random()) throws(Failure) {
        let host = target.host.utf8.count
        guard host > 0, host <= Self.maximumFieldByteCount else { throw .hostTooLong }
        self.target = target
        self.credentials = credentials
    }

    /// The proxy is connected: version 5, one method, user name and password.
    mutating func connected() -> [UInt8] {
        [5, 1, 2]
    }

    /// Takes the proxy's bytes; after an error it stays failed, after `connected` it takes nothing more.
    mutating func received(_ bytes: Span<UInt8>) throws(Failure) -> [Output] {
        for index in bytes.indices { buffer.append(bytes[index]) }
        var outputs: [Output] = []
        do {
            while let output = try step() { outputs.append(output) }
        } catch {
            state = .failed
            buffer = []
            throw error
        }
        return outputs
    }

    private mutating func step() throws(Failure) -> Output? {
        switch state {
        case .waitingForMethod:
            guard try hasByte(0, equalTo: 5), try hasByte(1, equalTo: 2) else { return nil }
            buffer.removeFirst(2)
            state = .waitingForAuthentication
            let (user, password) = (credentials.user, credentials.password)
            return .send([1, UInt8(user.count)] + user + [UInt8(password.count)] + password)
        case .waitingForAuthentication:
            guard try hasByte(0, equalTo: 1), try hasByte(1, equalTo: 0) else { return nil }
            buffer.removeFirst(2)
            state = .waitingForReply
            let host = Array(target.host.utf8)
            return .send(
                [5, 1, 0, 3, UInt8(host.count)] + host + [UInt8(target.port >> 8), UInt8(target.port & 255)])
        case .waitingForReply:
            return try takeReply()
        case .connected, .failed:
            return nil
        }
    }

    private mutating func takeReply() throws(Failure) -> Output? {
        guard try hasByte(0, equalTo: 5), buffer.count >= 2 else { return nil }
        let code = buffer[1]
        guard code == 0 || code >= 0xF0 else { throw .reply(code) }
        guard try hasByte(2, equalTo: 0), buffer.count >= 5 else { return nil }
        let addressByteCount: Int
        switch buffer[3] {
        case 1: addressByteCount = 4
        case 3: addressByteCount = 1 + Int(buffer[4])
        case 4: addressByteCount = 16
        default: throw .notSocks
        }
        let byteCount = 4 + addressByteCount + 2
        guard buffer.count >= byteCount else { return nil }
        let rest = Array(buffer[byteCount...])
        buffer = []
        state = .connected
        return code == 0 ? .connected(rest: rest) : .undecided(code: code, rest: rest)
    }

    private func hasByte(_ index: Int, equalTo value: UInt8) throws(Failure) -> Bool {
        guard index < buffer.count else { return false }
        guard buffer[index] == value else { throw .notSocks }
        return true
    }
}

extension TorError {
    /// What a reply code of tor's SOCKS port means for an onion service (`isOnion`) or a host behind tor.
    init(socksReply code: UInt8, isOnion: Bool) {
        self =
            switch code {
            case 0xF0: .onionNotFound
            case 0xF1: .onionUnreachable(.descriptorInvalid)
            case 0xF2: .onionUnreachable(.introductionFailed)
            case 0xF3: .onionUnreachable(.rendezvousFailed)
            case 0xF4: .onionAuthRequired(wrongKey: false)
            case 0xF5: .onionAuthRequired(wrongKey: true)
            case 0xF6: .invalidAddress(.refusedByTor)
            case 0xF7: .onionUnreachable(.introductionTimedOut)
            case 3: .onionUnreachable(.noNetwork)
            case 5: .connectionRefused
            case 6: .connectionTimeout
            default: isOnion ? .onionUnreachable(.socksReply(code)) : .hostUnreachable
            }
    }
}
