import Foundation
import Testing

/// The parts of an invite, for tests that damage one.
struct InviteText {
    /// Up to and including `k=`.
    var head: String
    /// What the key stands for.
    var key: [UInt8]

    init(_ text: String) throws {
        let parts = try #require(text.range(of: "/?k="))
        head = String(text[..<parts.upperBound])
        var base64 = text[parts.upperBound...].replacingOccurrences(of: "-", with: "+")
            .replacingOccurrences(of: "_", with: "/")
        while !base64.count.isMultiple(of: 4) { base64 += "=" }
        key = Array(try #require(Data(base64Encoded: base64)))
    }

    /// The key as it stands in the invite.
    var keyText: String { Self.base64URL(key) }

    var text: String { head + keyText }

    /// The secret alone: 16 bytes before the check.
    var secret: [UInt8] { Array(key.dropLast(3).suffix(16)) }

    static func base64URL(_ bytes: [UInt8]) -> String {
        Data(bytes).base64EncodedString().replacingOccurrences(of: "+", with: "-")
            .replacingOccurrences(of: "/", with: "_").replacingOccurrences(of: "=", with: "")
    }
}

/// What a joiner is told about an invite that cannot be used.
struct InviteErrorTests {
    private static let address = "127.0.0.1:1"

    /// A valid one, of a room that is gone.
    private static let invite = Task {
        try await HostedRoom.direct(["--room", "gone"]).invite
    }

    @Test(arguments: [1, 3, 10, 70]) func truncatedInvite(_ count: Int) async throws {
        let invite = try await Self.invite.value
        try await expectFailure(["join", String(invite.dropLast(count))], code: "invite-invalid", status: 65)
    }

    @Test func changedCharacter() async throws {
        let invite = try await Self.invite.value
        for offset in [-1, -12, -40, -60] {
            let index = invite.index(invite.endIndex, offsetBy: offset)
            let changed = invite.replacingCharacters(in: index...index, with: invite[index] == "B" ? "C" : "B")
            try await expectFailure(["join", changed], code: "invite-invalid", status: 65)
        }
    }

    @Test func changedRoom() async throws {
        let invite = try await Self.invite.value
        try await expectFailure(
            ["join", invite.replacingOccurrences(of: "//gone@", with: "//gine@")], code: "invite-invalid", status: 65)
    }

    @Test func changedAddress() async throws {
        let invite = try await Self.invite.value
        try await expectFailure(
            ["join", invite.replacingOccurrences(of: "127.0.0.1", with: "127.0.0.2")], code: "invite-invalid",
            status: 65)
    }

    @Test func anotherVersion() async throws {
        var invite = try InviteText(try await Self.invite.value)
        #expect(invite.text == (try await Self.invite.value))
        invite.key[0] = 1
        try await expectFailure(["join", invite.text], code: "version-mismatch", status: 76)
    }

    @Test func inviteForAnotherAddress() async throws {
        try await expectFailure(
            ["join", try await Self.invite.value, "--direct", Self.address], code: "connection-refused", status: 69)
        let onion = String(repeating: "a", count: 56) + ".onion"
        try await expectFailure(
            ["join", try await Self.invite.value, "--onion", onion], code: "onion-invalid-address", status: 65)
    }
}
