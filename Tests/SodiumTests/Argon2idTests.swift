import Sodium
import TestSupport
import Testing

@Suite struct Argon2idTests {
    private static let cheap = Argon2id.Cost(passes: 1, memory: 8 * 1_024)

    /// The output for these inputs comes from Python's cryptography (`Argon2id` of its KDFs, one lane).
    @Test func knownOutputs() throws {
        for (password, cost, output) in [
            (
                "password", Argon2id.Cost(passes: 2, memory: 65_536),
                "1a98fba8e6394425c9bdc333a9c750aaf811df070f5fb4a5788e1cf4db5793a1"
            ),
            (
                "", Argon2id.Cost(passes: 3, memory: 8_192),
                "abf42956f57b7c520dce9217dadea1d4a9605492455a663960b9fabd5bce272a"
            ),
        ] {
            let secret = SecretBytes(copying: Array(password.utf8).span)
            let key = try Argon2id.derive(
                password: secret, salt: Array("somesaltsomesalt".utf8), byteCount: 32, cost: cost)
            #expect(hex(key.revealed) == output)
        }
    }

    @Test func everyInputCounts() throws {
        let base = try SecretBytes(hex: "010203")
        let salt = [UInt8](repeating: 7, count: Argon2id.saltByteCount)
        let key = try Argon2id.derive(password: base, salt: salt, byteCount: 32, cost: Self.cheap).revealed
        let otherPassword = try SecretBytes(hex: "010204")
        #expect(
            try Argon2id.derive(password: otherPassword, salt: salt, byteCount: 32, cost: Self.cheap).revealed != key)
        let otherSalt = [UInt8](repeating: 8, count: Argon2id.saltByteCount)
        #expect(try Argon2id.derive(password: base, salt: otherSalt, byteCount: 32, cost: Self.cheap).revealed != key)
        #expect(try Argon2id.derive(password: base, salt: salt, byteCount: 32, cost: Self.cheap).revealed == key)
    }

    @Test func refusesOtherLengths() {
        let password = SecretBytes(count: 1)
        for count in [0, 15, 17] {
            #expect(throws: SodiumError.invalidLength) {
                _ = try Argon2id.derive(
                    password: password, salt: [UInt8](repeating: 0, count: count), byteCount: 32, cost: Self.cheap)
            }
        }
        let salt = [UInt8](repeating: 0, count: Argon2id.saltByteCount)
        #expect(throws: SodiumError.invalidLength) {
            _ = try Argon2id.derive(password: password, salt: salt, byteCount: 15, cost: Self.cheap)
        }
    }

    /// More memory than there can be: an error, not the end of the process.
    @Test func tellsWhenThereIsNoMemory() {
        let salt = [UInt8](repeating: 0, count: Argon2id.saltByteCount)
        #expect(throws: SodiumError.outOfMemory) {
            _ = try Argon2id.derive(
                password: SecretBytes(count: 1), salt: salt, byteCount: 32,
                cost: Argon2id.Cost(passes: 1, memory: 1 << 60))
        }
    }
}
