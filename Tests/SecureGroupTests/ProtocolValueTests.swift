import Chat
import Foundation
import Sodium
import TestSupport
import Testing

@testable import MLS
@testable import Room
@testable import SecureGroup

/// The values of docs/protocol.md, which another program has made from that document alone, are what this one makes.
@Suite struct ProtocolValueTests {
    /// The values of the document, by name.
    private static func read() throws -> [String: [UInt8]] {
        let file = VectorFiles.packageRoot.appending(path: "docs/protocol.md")
        let document = try String(contentsOf: file, encoding: .utf8)
        let parts = document.components(separatedBy: "<!-- ProtocolValueTests -->")
        let blocks = parts.last?.components(separatedBy: "```") ?? []
        guard parts.count == 2, blocks.count == 3 else { return [:] }
        var values: [String: [UInt8]] = [:]
        var name = ""
        for line in blocks[1].split(separator: "\n") {
            if line.hasPrefix("  ") {
                values[name, default: []] += Base16.decode(line.dropFirst(2)) ?? []
            } else {
                name = String(line)
            }
        }
        return values
    }

    /// The document's value of this name, and what this program makes; compared outside of macros, which borrow nothing.
    private func compare(_ made: [(String, [UInt8])]) throws {
        let values = try Self.read()
        for (name, bytes) in made {
            let isSame = values[name] == bytes
            #expect(isSame, "\(name) should be \(Base16.encode(bytes))")
        }
    }

    private static func counting(from first: UInt8, _ count: UInt8 = 32) -> [UInt8] { (0..<count).map { first + $0 } }

    private static func bytes(of word: UInt64) -> [UInt8] {
        (0..<8).map { UInt8(truncatingIfNeeded: word >> (56 - 8 * UInt64($0))) }
    }

    private static func copy(_ secret: borrowing SecretBytes) -> [UInt8] {
        secret.withBytes { bytes in bytes.indices.map { bytes[$0] } }
    }

    private static func publicKey() throws -> [UInt8] {
        let pair = try Ed25519.KeyPair(seed: SecretBytes(copying: counting(from: 0x80).span))
        return pair.publicKey.bytes
    }

    /// All that is made of a group's secret.
    private static func secretValues() throws -> [(String, [UInt8])] {
        let bytes = counting(from: 0, 16)
        let secret = GroupSecret(SecretBytes(copying: bytes.span))
        let key = try publicKey()
        return [
            ("group-secret", bytes), ("group-psk", copy(secret.presharedKey)),
            ("proof-key", secret.mark.proofKey), ("handshake-key", secret.handshakeKey.copy()),
            ("handshake-hash", secret.mark.handshakeHash), ("signature-key", key),
            ("proof", secret.proof(for: key).data),
        ]
    }

    private static func memberValues() throws -> [(String, [UInt8])] {
        let key = try publicKey()
        let id = RoomGroup.id(of: key)
        let start = counting(from: 0x40)
        var chain = MessageChain()
        chain.begin(epoch: 1, after: 7, start: start)
        let before = chain.value
        let digest = MessageChain.digest(from: id, id: MessageID(0x0102_0304_0506_0708), sealed: Array("sealed".utf8))
        chain.add(number: 8, digest: digest)
        let fingerprint = Fingerprint(of: key).description.filter { $0 != " " }
        return [
            ("member-id", Array(bytes(of: UInt64(id.wireValue)).suffix(4))),
            ("fingerprint", Base16.decode(fingerprint[...]) ?? []), ("chain-start", start),
            ("chain-at-7", bytes(of: before.high) + bytes(of: before.low)), ("digest-of-8", digest),
            ("chain-at-8", bytes(of: chain.value.high) + bytes(of: chain.value.low)),
        ]
    }

    private static func words() throws -> [String] {
        let authenticator = SecretBytes(copying: counting(from: 0x60).span)
        return try RoomWords(epoch: 5, groupID: counting(from: 0, 16), authenticator: authenticator).words()
    }

    private static func password() throws -> [UInt8] {
        let salt = Array(BLAKE2b.hash(Array("TermTalk room password 1a3f5d7b9e2c4f6a8".utf8).span).prefix(16))
        let password = SecretBytes(copying: Array("gr\u{fc}\u{df}e".utf8).span)
        let stretched = try Argon2id.derive(password: password, salt: salt, byteCount: 32, cost: .interactive)
        return copy(stretched)
    }

    init() { SodiumLibrary.initialize() }

    @Test("The secret of a relay's group, and a proof that somebody knows it")
    func groupSecret() throws { try compare(Self.secretValues()) }

    @Test("Ids, fingerprints, the chain")
    func members() throws { try compare(Self.memberValues()) }

    @Test("Words, and what a password is stretched to")
    func stretching() throws {
        let words = try Self.words()
        let ofDocument = WordList.words(6, of: try #require(Self.read()["words-hash"]))
        #expect(words == ofDocument && words == ["toe", "okay", "debris", "moment", "toilet", "avoid"])
        let password = try Self.password()
        try compare([("words-authenticator", Self.counting(from: 0x60)), ("password-prs", password)])
    }
}
