import Sodium
import Testing

@Suite struct SecretBytesTests {
    /// Around the size of a slot and of a page.
    static let sizes = [0, 1, 31, 32, 63, 64, 65, 4095, 4096, 4097, 100_000]

    @Test(arguments: sizes) func startsAsZeros(count: Int) {
        let secret = SecretBytes(count: count)
        #expect(secret.count == count)
        #expect(secret.revealed == [UInt8](repeating: 0, count: count))
    }

    @Test(arguments: sizes) func keepsWhatIsWritten(count: Int) {
        let content = Random.bytes(count)
        let copied = SecretBytes(copying: content.span)
        #expect(copied.revealed == content)
        var written = SecretBytes(count: count)
        written.withMutableBytes { bytes in
            #expect(bytes.count == count)
            for index in bytes.indices {
                bytes[index] = content[index]
            }
        }
        #expect(written.revealed == content)
    }

    @Test(arguments: sizes) func cloneIsIndependent(count: Int) {
        let content = Random.bytes(count)
        var original = SecretBytes(copying: content.span)
        var clone = original.clone()
        original.fill(with: 0xaa)
        #expect(clone.revealed == content)
        clone.fill(with: 0x55)
        #expect(original.revealed == [UInt8](repeating: 0xaa, count: count))
    }

    @Test func clonesOutliveTheOriginal() {
        var clone = SecretBytes(count: 0)
        do {
            let original = SecretBytes(copying: [1, 2, 3].span)
            clone = original.clone()
        }
        #expect(clone.revealed == [1, 2, 3])
    }

    @Test func randomOnesDiffer() {
        let first = SecretBytes(randomCount: 32)
        let second = SecretBytes(randomCount: 32)
        #expect(first.revealed != second.revealed)
        #expect(SecretBytes(randomCount: 0).revealed == [])
    }

    @Test func errorsOfTheBodyAreThrownOn() {
        let secret = SecretBytes(count: 4)
        #expect(throws: SodiumError.invalidKey) {
            try secret.withBytes { (_) throws(SodiumError) in throw .invalidKey }
        }
    }
}

extension SecretBytes {
    mutating func fill(with value: UInt8) {
        withMutableBytes { bytes in
            for index in bytes.indices {
                bytes[index] = value
            }
        }
    }
}
