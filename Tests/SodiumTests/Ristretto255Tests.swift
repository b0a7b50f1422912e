import Sodium
import TestSupport
import Testing

@Suite struct Ristretto255Tests {
    /// RFC 9496 appendix A.1: twice and three times the base element.
    private static let base = "e2f2ae0a6abc4e71a884a961c500515f58e30b6aa582dd8db6a65945e08d2d76"

    @Test(arguments: [
        (1, "e2f2ae0a6abc4e71a884a961c500515f58e30b6aa582dd8db6a65945e08d2d76"),
        (2, "6a493210f7499cd17fecb510ae0cea23a110e8d5b901f8acadd3095c73a3b919"),
        (3, "94741f5d5d52755ece4f23f044ee27d5d1ea1e2bd196b462166b16152a9d0259"),
    ])
    func multiplies(factor: UInt8, result: String) throws {
        let scalar = try Ristretto255.Scalar(
            copying: SecretBytes(copying: ([factor] + [UInt8](repeating: 0, count: 31)).span))
        let element = try bytes(hex: Self.base)
        #expect(hex(try scalar.multiply(element.span).revealed) == result)
    }

    /// RFC 9496 appendix A.3: the SHA-512 of a text selects an element.
    @Test func elementsFromHashes() throws {
        let uniform = SHA512.hash(Array("Ristretto is traditionally a short shot of espresso coffee".utf8).span)
        let element = try Ristretto255.element(fromHash: SecretBytes(copying: uniform.span))
        #expect(hex(element.revealed) == "3066f82a1a747d45120d1740f14358531a8f04bbffe6a819f86dfe50f44a0a46")
        for count in [0, 63, 65] {
            #expect(throws: SodiumError.invalidLength) {
                _ = try Ristretto255.element(fromHash: SecretBytes(count: count))
            }
        }
    }

    @Test func randomScalarsCommute() throws {
        let element = try bytes(hex: Self.base)
        let first = Ristretto255.Scalar()
        let second = Ristretto255.Scalar()
        let one = try first.multiply(second.multiply(element.span).revealed.span).revealed
        let other = try second.multiply(first.multiply(element.span).revealed.span).revealed
        #expect(one == other)
        #expect(try first.multiply(element.span).revealed != second.multiply(element.span).revealed)
    }

    @Test func refusesWhatIsNoElementAndTheNeutralOne() throws {
        let scalar = Ristretto255.Scalar()
        let encodings = [
            [], [UInt8](repeating: 0, count: 31), [UInt8](repeating: 0, count: 32), [UInt8](repeating: 0xff, count: 32),
        ]
        for encoding in encodings {
            #expect(throws: SodiumError.invalidPoint) { _ = try scalar.multiply(encoding.span) }
        }
        let zero = try Ristretto255.Scalar(copying: SecretBytes(count: 32))
        let base = try bytes(hex: Self.base)
        #expect(throws: SodiumError.invalidPoint) { _ = try zero.multiply(base.span) }
        #expect(throws: SodiumError.invalidKey) { _ = try Ristretto255.Scalar(copying: SecretBytes(count: 31)) }
    }
}
