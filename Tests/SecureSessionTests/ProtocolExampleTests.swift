import Foundation
import MLS
import Noise
import Room
import SecureGroup
import Sodium
import TestSupport
import Testing
import Wire

@testable import SecureSession

/// The worked example of docs/protocol.md is what this program's code makes of the same keys.
@Suite struct ProtocolExampleTests {
    /// Stands before the example's block in the document.
    private static let mark = "<!-- ProtocolExampleTests -->"

    @Test func theDocumentShowsWhatTheCodeMakes() throws {
        let file = VectorFiles.packageRoot.appending(path: "docs/protocol.md")
        let document = try String(contentsOf: file, encoding: .utf8)
        let parts = document.components(separatedBy: Self.mark)
        try #require(parts.count == 2, "the document has the mark once")
        let blocks = parts[1].components(separatedBy: "```")
        try #require(blocks.count >= 3)
        let made = try ProtocolExample().text
        #expect(blocks[1] == made, "the block should be:\(made)")
    }

    /// The frame of the example is one that the host's end of a session takes for a request to join.
    @Test func theSealedMessageBringsTheRequest() throws {
        var channel = RecordChannel()
        var events: [SessionEvent] = []
        let example = try ProtocolExample()
        let payload = example.openedByHost()
        try channel.received(payload, count: payload.count, now: .zero, events: &events)
        #expect(events == [.message(type: example.join.type, body: example.join.body)])
    }
}

/// An XKpsk0 handshake with fixed keys, and the joiner's first sealed message.
private struct ProtocolExample {
    private static let room = "a3f5d7b9e2c4f6a8"

    /// A key of 32 bytes that count up from `first`.
    private static func keyBytes(_ first: UInt8) -> [UInt8] { (0..<32).map { first + $0 } }

    private static func key(_ first: UInt8) throws -> X25519.PrivateKey {
        try X25519.PrivateKey(copying: SecretBytes(copying: keyBytes(first).span))
    }

    let join: EncodedMessage
    private let lines: [(String, [UInt8])]
    private let hostPlaintext: [UInt8]

    init() throws {
        SodiumLibrary.initialize()
        let secretBytes = [UInt8](0..<16)
        let invite = InviteSecret(SecretBytes(copying: secretBytes.span))
        let prologue = Prologue(room: Self.room, onionKey: nil).bytes(pattern: SessionProtocol.invitePattern)
        let host = try Self.key(0x20).publicKey
        var joiner = try HandshakeState(
            pattern: .XKpsk0, role: .initiator, prologue: prologue, staticKey: Self.key(0x40), remoteStatic: host,
            presharedKey: invite.presharedKey.clone(), fixedEphemeral: Self.key(0x60))
        var responder = try HandshakeState(
            pattern: .XKpsk0, role: .responder, prologue: prologue, staticKey: Self.key(0x20), remoteStatic: nil,
            presharedKey: invite.presharedKey.clone(), fixedEphemeral: Self.key(0x80))
        let messages = try Self.shakeHands(&joiner, &responder)
        let first = messages[0]
        let tag = invite.tag(of: first.span)
        let hash = joiner.handshakeHash
        var sender = try joiner.split()
        var receiver = try responder.split()

        let keyPackage = try Self.keyPackage()
        let keyPackageMessage = MLSMessage.keyPackage(keyPackage).encoded
        let member = RoomGroup.id(of: keyPackage.leafNode.signatureKey)
        join = MemberRequest.join(nick: "alice", member: member, keyPackage: keyPackageMessage).encoded
        var channel = RecordChannel()
        var cursor = RecordCursor()
        let next = channel.nextPayload(of: [join], from: &cursor, capacity: Padding.largestContent)
        let content = next.contentByteCount
        var payload = [UInt8](repeating: 0, count: SessionProtocol.payloadHeaderByteCount + content)
        channel.write(next, of: [join], to: &payload, at: 0)
        let sealedByteCount = Padding.bucket(for: content) - SessionProtocol.lengthByteCount
        var sealed = payload + [UInt8](repeating: 0, count: sealedByteCount - payload.count)
        var span = sealed.mutableSpan
        try sender.sending.encrypt(inPlace: &span)
        var frame: [UInt8] = []
        frame.appendFrame(sealed)

        var opened = Array(frame.dropFirst(SessionProtocol.lengthByteCount))
        var openedSpan = opened.mutableSpan
        try receiver.receiving.decrypt(inPlace: &openedSpan)
        hostPlaintext = opened.dropLast(CipherState.tagByteCount)
        lines = [
            ("host-static-private", Self.keyBytes(0x20)), ("host-static-public", host.bytes),
            ("joiner-static-private", Self.keyBytes(0x40)), ("joiner-ephemeral-private", Self.keyBytes(0x60)),
            ("host-ephemeral-private", Self.keyBytes(0x80)), ("invite-secret", secretBytes),
            ("joiner-signature-private", Self.keyBytes(0xa0)), ("joiner-init-private", Self.keyBytes(0xc0)),
            ("joiner-leaf-private", Self.keyBytes(0xe0)), ("key-package", keyPackageMessage),
            ("psk", invite.presharedKey.withBytes { bytes in bytes.indices.map { bytes[$0] } }),
            ("prologue", prologue),
            (
                "joiner-sends-1",
                [SessionProtocol.invitePattern] + Self.framed(tag + first)
            ),
            ("host-sends-2", Self.framed(messages[1])), ("joiner-sends-3", Self.framed(messages[2])),
            ("handshake-hash", hash), ("payload-without-padding", payload), ("joiner-sends-4", frame),
        ]
    }

    /// The KeyPackage of section 7, "The group", with a lifetime of 30 days from 1970-01-01.
    private static func keyPackage() throws -> KeyPackage {
        let suite = CipherSuite.x25519ChaChaPoly
        let signingKey = try Ed25519.KeyPair(seed: SecretBytes(copying: keyBytes(0xa0).span))
        var leafNode = LeafNode(
            encryptionKey: try key(0xe0).publicKey.bytes, signatureKey: signingKey.publicKey.bytes,
            credential: .basic(identity: []),
            capabilities: Capabilities(
                cipherSuites: [suite.identifier], extensions: [ExtensionType(rawValue: 0xf772)]),
            source: .keyPackage(Lifetime(notBefore: 0, notAfter: 2_592_000)))
        leafNode.sign(with: signingKey, suite: suite)
        var keyPackage = KeyPackage(
            cipherSuite: suite.identifier, initKey: try key(0xc0).publicKey.bytes, leafNode: leafNode)
        keyPackage.sign(with: signingKey, suite: suite)
        return keyPackage
    }

    private static func framed(_ message: [UInt8]) -> [UInt8] {
        var frame: [UInt8] = []
        frame.appendFrame(message)
        return frame
    }

    private static func shakeHands(
        _ joiner: inout HandshakeState, _ host: inout HandshakeState
    ) throws -> [[UInt8]] {
        let first = try joiner.writeMessage()
        _ = try host.readMessage(first.span)
        let second = try host.writeMessage()
        _ = try joiner.readMessage(second.span)
        let third = try joiner.writeMessage()
        _ = try host.readMessage(third.span)
        return [first, second, third]
    }

    func openedByHost() -> [UInt8] { hostPlaintext }

    /// The block as it stands in the document: a name on a line of its own, then its bytes, 32 on a line.
    var text: String {
        var text = "\n"
        for (name, value) in lines {
            text += name + "\n"
            for start in stride(from: 0, to: value.count, by: 32) {
                text += "  " + hex(Array(value[start..<min(start + 32, value.count)])) + "\n"
            }
        }
        return text
    }
}
