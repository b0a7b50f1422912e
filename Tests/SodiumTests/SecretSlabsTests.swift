import Testing

@testable import Sodium

@Suite struct SecretSlabsTests {
    private typealias Slot = UnsafeMutablePointer<UInt8>

    private static func content(of slot: Slot) -> [UInt8] {
        Array(UnsafeBufferPointer(start: slot, count: SecretSlabs.slotByteCount))
    }

    private static let zeros = [UInt8](repeating: 0, count: SecretSlabs.slotByteCount)

    @Test func freedSlotsAreWipedAndUsedAgain() {
        let slabs = SecretSlabs()
        let slot = slabs.allocate()
        slot.update(repeating: 0xff, count: SecretSlabs.slotByteCount)
        slabs.release(slot)
        // The slab is never given back, so its memory can still be looked at.
        #expect(Self.content(of: slot) == Self.zeros)
        #expect(slabs.allocate() == slot)
    }

    @Test func allSecretsAreWipedTogether() {
        let slabs = SecretSlabs()
        let slots = (0...SecretSlabs.slotsPerSlab).map { _ in slabs.allocate() }
        let long = slabs.allocateLong(1_000)
        for slot in slots { slot.update(repeating: 0xff, count: SecretSlabs.slotByteCount) }
        long.update(repeating: 0xff, count: 1_000)
        let freed = slabs.allocateLong(1_000)
        slabs.releaseLong(freed)
        slabs.wipe()
        #expect(slots.allSatisfy { Self.content(of: $0) == Self.zeros })
        #expect(UnsafeBufferPointer(start: long, count: 1_000).allSatisfy { $0 == 0 })
        slabs.releaseLong(long)
    }

    @Test func slotsDoNotOverlap() {
        let slabs = SecretSlabs()
        let slots = (0..<3 * SecretSlabs.slotsPerSlab + 1).map { index in
            let slot = slabs.allocate()
            #expect(Self.content(of: slot) == Self.zeros)
            slot.update(repeating: UInt8(truncatingIfNeeded: index), count: SecretSlabs.slotByteCount)
            return slot
        }
        for (index, slot) in slots.enumerated() {
            #expect(
                Self.content(of: slot)
                    == [UInt8](repeating: UInt8(truncatingIfNeeded: index), count: SecretSlabs.slotByteCount))
        }
        slots.forEach(slabs.release)
        // All of them come back before there is another slab.
        #expect(Set(slots.map { _ in slabs.allocate() }).count == slots.count)
    }

    /// Every task keeps its own bytes in slots that it takes and gives back all the time.
    @Test func tasksNeverShareASlot() async {
        let slabs = SecretSlabs()
        let failures = await withTaskGroup(of: Int.self) { group in
            for task in 1...8 as ClosedRange<UInt8> {
                group.addTask { Self.takeAndRelease(from: slabs, marking: task) }
            }
            return await group.reduce(0, +)
        }
        #expect(failures == 0)
    }

    private static func takeAndRelease(from slabs: SecretSlabs, marking mark: UInt8) -> Int {
        var failures = 0
        for round in 0..<300 {
            let slots = (0...round % 20).map { _ in slabs.allocate() }
            for slot in slots {
                failures += content(of: slot) == zeros ? 0 : 1
                slot.update(repeating: mark, count: SecretSlabs.slotByteCount)
            }
            for slot in slots {
                failures += content(of: slot).allSatisfy { $0 == mark } ? 0 : 1
                slabs.release(slot)
            }
        }
        return failures
    }

    /// The shared slabs serve small secrets, and a secret's end gives its slot back wiped.
    @Test func endOfASecretWipesIt() {
        var address = 0
        do {
            let secret = SecretBytes(copying: [UInt8](repeating: 0xee, count: 64).span)
            address = secret.withBytes { bytes in
                bytes.withUnsafeBufferPointer { Int(bitPattern: $0.baseAddress) }
            }
        }
        // Another test may own the slot by now, but nobody else writes this pattern.
        let slot = UnsafePointer<UInt8>(bitPattern: address)
        #expect(slot.map { Array(UnsafeBufferPointer(start: $0, count: 64)) } != [UInt8](repeating: 0xee, count: 64))
    }
}
