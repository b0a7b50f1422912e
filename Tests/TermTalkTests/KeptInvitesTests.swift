import SecureSession
import Sodium
import TestSupport
import Testing
import Wire

@testable import TermTalk

/// Invites as a kept room has them: counts, ends, and who came with which.
@Suite struct KeptInvitesTests {
    private var key: SecretBytes {
        SodiumLibrary.initialize()
        return SecretBytes(copying: [UInt8](repeating: 7, count: 32).span)
    }

    private func table() -> InviteTable {
        var table = InviteTable(room: InviteSecret())
        let twice = table.make(uses: 2, lifetime: .seconds(600), now: .zero)
        _ = table.make(uses: nil, lifetime: nil, now: .zero)
        if let twice { table.joined(with: twice.secret, key: [1]) }
        // Alice came with the room's own, which is another one by now.
        if let room = table.room { table.joined(with: room.secret, key: [2]) }
        _ = table.revoke(number: InviteTable.roomNumber)
        _ = table.tidy(now: .zero) { _ in true }
        return table
    }

    @Test func allOfItIsThereAgain() throws {
        let before = table()
        let bytes = before.encoded(key: key, now: .seconds(100))
        for secret in before.secrets.compactMap(\.secretBytes) {
            #expect(!bytes.indices.contains { bytes[$0...].starts(with: secret) }, "a secret can be read")
        }
        // Half a minute later, on a clock that begins anew.
        var after = try InviteTable(decoding: bytes, key: key, now: .seconds(-30))
        #expect(after.secrets.map(\.secretBytes) == before.secrets.map(\.secretBytes))
        #expect(after.entries.map(\.number) == [1, 2, 3] && after.entries.map(\.usesLeft) == [nil, 1, nil])
        #expect(after.entries.map(\.used) == [0, 1, 0])
        #expect(after.entries.map(\.expiresAt) == [nil, .seconds(470), nil])
        // Who came in before is no further use, and is known by what it came with.
        after.joined(with: after.entries[1].secret, key: [1])
        #expect(after.entries[1].usesLeft == 1)
        let holders = after.revoke(number: 2)
        #expect(holders == [[1]])
        let next = after.make(uses: 1, lifetime: nil, now: .zero)
        #expect(next?.number == 4)
        let dropped = after.tidy(now: .zero) { $0 == [2] }
        #expect(dropped.isEmpty)
        #expect(after.secretsInUse.count == 4)
    }

    @Test func damageAndAnotherKeyAreRefused() {
        let bytes = table().encoded(key: key, now: .zero)
        let other = SecretBytes(randomCount: 32)
        #expect(throws: WireError.invalidValue) { try InviteTable(decoding: bytes, key: other, now: .zero) }
        for count in 0..<bytes.count {
            #expect(throws: WireError.self) {
                try InviteTable(decoding: Array(bytes.prefix(count)), key: key, now: .zero)
            }
        }
        for bit in 0..<8 * bytes.count {
            _ = try? InviteTable(decoding: bytes.flippingBit(bit), key: key, now: .zero)
        }
    }
}
