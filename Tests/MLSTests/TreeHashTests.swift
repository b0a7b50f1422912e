import Testing

@testable import MLS

@Suite struct TreeHashTests {
    @Test("A hash is the bytes that it was made of")
    func bytes() {
        for bytes in [Array(0..<32), [UInt8](repeating: 0xff, count: 32), [UInt8](repeating: 0, count: 32)] {
            #expect(TreeHash(bytes).bytes == bytes)
        }
    }
}
