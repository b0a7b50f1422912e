import Testing

@testable import Room

@Suite struct TokenBucketTests {
    @Test("A pause is asked for exactly when more was taken than there was, and for as long as paying takes")
    func pause() {
        var bucket = TokenBucket(capacity: 10, now: .zero)
        for _ in 0..<10 {
            #expect(bucket.take(1, rate: 2, capacity: 10, now: .zero) == .zero)
        }
        #expect(bucket.take(1, rate: 2, capacity: 10, now: .zero) == .milliseconds(500))
        #expect(bucket.take(3, rate: 2, capacity: 10, now: .zero) == .seconds(2))
        #expect(bucket.take(0, rate: 2, capacity: 10, now: .seconds(2)) == .zero)
        #expect(bucket.take(1, rate: 2, capacity: 10, now: .seconds(2)) == .milliseconds(500))
    }

    @Test("Tokens gather up to the capacity, whatever the clock does")
    func capacity() {
        var bucket = TokenBucket(capacity: 4, now: .seconds(100))
        #expect(bucket.take(4, rate: 1, capacity: 4, now: .seconds(100)) == .zero)
        #expect(bucket.take(0, rate: 1, capacity: 4, now: .seconds(99)) == .zero)
        #expect(bucket.take(4, rate: 1, capacity: 4, now: .seconds(100_000)) == .zero)
        #expect(bucket.take(1, rate: 1, capacity: 4, now: .seconds(100_000)) == .seconds(1))
    }
}
