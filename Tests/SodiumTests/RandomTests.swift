import Sodium
import Testing

@Suite struct RandomTests {
    @Test func bytesDiffer() {
        #expect(Random.bytes(0) == [])
        #expect(Random.bytes(33).count == 33)
        #expect(Random.bytes(16) != Random.bytes(16))
        #expect(Set((0..<100).map { _ in Random.uint64() }).count == 100)
    }

    @Test func allBitsOfNumbersVary() {
        var anySet: UInt64 = 0
        var allSet = UInt64.max
        var anySet32: UInt32 = 0
        for _ in 0..<200 {
            let number = Random.uint64()
            anySet |= number
            allSet &= number
            anySet32 |= Random.uint32()
        }
        #expect(anySet == .max)
        #expect(allSet == 0)
        #expect(anySet32 == .max)
    }

    @Test func constantTimeComparison() {
        let secret = Random.bytes(32)
        #expect(constantTimeEquals(secret, Array(secret)))
        #expect(constantTimeEquals([], []))
        #expect(!constantTimeEquals(secret, Array(secret.dropLast())))
        #expect(!constantTimeEquals(secret, []))
        for index in secret.indices {
            var other = secret
            other[index] ^= 0x80
            #expect(!constantTimeEquals(secret, other))
        }
    }
}
