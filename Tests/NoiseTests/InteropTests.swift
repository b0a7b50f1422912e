import Foundation
import Noise
import Sodium
import TestSupport
import Testing

extension PythonPeer {
    /// A Python that has the noiseprotocol of PyPI.
    fileprivate static let noise = python(importing: "noise.connection")
    /// What a skipped test says.
    fileprivate static let missingNoise =
        "no Python with noiseprotocol: run Tests/NoiseTests/Interop/install.sh, or set TERMTALK_PYTHON"
}

/// Our Noise against one that somebody else wrote.
@Suite(.enabled(if: PythonPeer.noise != nil, "\(PythonPeer.missingNoise)"), .timeLimit(.minutes(10)))
struct InteropTests {
    private static let prologue = Array("TermTalk/1 interop".utf8)

    @Test(arguments: [HandshakePattern.XX, .XKpsk0], [Role.initiator, .responder])
    func talks(pattern: HandshakePattern, role: Role) throws {
        var session = try Self.start(pattern, ourRole: role)
        let peer = session.peer
        while !session.ours.isFinished {
            let payload = Random.bytes(Int.random(in: 0...100))
            if session.ours.isMyTurn {
                let message = try session.ours.writeMessage(payload: payload)
                #expect(try peer.ask("read", message) == payload)
            } else {
                let message = try peer.ask("write", payload)
                #expect(try session.ours.readMessage(message.span) == payload)
            }
        }
        #expect(session.ours.remoteStatic == session.peerKey)
        #expect(try peer.ask("hash") == session.ours.handshakeHash)

        var transport = try session.ours.split()
        for round in 0..<12 {
            if round % 4 == 3 {
                transport.sending.rekey()
                try peer.ask("rekey-in")
            }
            if round % 5 == 4 {
                transport.receiving.rekey()
                try peer.ask("rekey-out")
            }
            let text = Random.bytes([0, 1, 488, 16_384, 65_519][round % 5])
            #expect(try peer.ask("decrypt", transport.sending.sealed(text)) == text)
            let message = try peer.ask("encrypt", text)
            #expect(try transport.receiving.opened(message) == text)
        }
    }

    /// A handshake with another prologue fails at the first message that is authenticated.
    @Test(arguments: [HandshakePattern.XX, .XKpsk0], [Role.initiator, .responder])
    func noticesAnotherPrologue(pattern: HandshakePattern, role: Role) throws {
        var session = try Self.start(pattern, ourRole: role, peersPrologue: Self.prologue + [0])
        #expect(throws: (any Error).self) {
            while !session.ours.isFinished {
                if session.ours.isMyTurn {
                    _ = try session.peer.ask("read", session.ours.writeMessage())
                } else {
                    let message = try session.peer.ask("write", [])
                    do throws(NoiseError) {
                        _ = try session.ours.readMessage(message.span)
                    } catch {
                        #expect(error == .authenticationFailed)
                        throw error
                    }
                }
            }
        }
    }

    /// Both sides of a handshake, before the first message.
    private struct Session: ~Copyable {
        let peer: PythonPeer
        let peerKey: X25519.PublicKey
        var ours: HandshakeState
    }

    /// A session with fresh keys.
    private static func start(
        _ pattern: HandshakePattern, ourRole: Role, peersPrologue: [UInt8] = prologue
    ) throws -> Session {
        let ourKey = X25519.PrivateKey()
        let ourPublicKey = ourKey.publicKey
        let theirKey = X25519.PrivateKey()
        let psk = pattern.usesPresharedKey ? Random.bytes(HandshakeState.presharedKeyByteCount) : nil
        let initiatorKnowsResponder = !pattern.responderPreMessage.isEmpty
        let ours = try HandshakeState(
            pattern: pattern, role: ourRole, prologue: prologue, staticKey: ourKey,
            remoteStatic: initiatorKnowsResponder && ourRole == .initiator ? theirKey.publicKey : nil,
            presharedKey: psk.map { SecretBytes(copying: $0.span) })
        let peer = try PythonPeer(#require(PythonPeer.noise), script: "Tests/NoiseTests/Interop/noise_peer.py")
        try peer.ask(
            "start", pattern.name, ourRole == .initiator ? "responder" : "initiator",
            PythonPeer.value(peersPrologue), hex(theirKey.exported().revealed),
            initiatorKnowsResponder && ourRole == .responder ? hex(ourPublicKey.bytes) : "-",
            PythonPeer.value(psk ?? []))
        return Session(peer: peer, peerKey: theirKey.publicKey, ours: ours)
    }
}
