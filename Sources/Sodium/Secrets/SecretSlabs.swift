internal import CSodium
internal import Locking

/// Hands out small slots of locked memory.
///
/// One `sodium_malloc` allocation costs three guard pages, at least one data page and three mappings; a host keeps
/// thousands of session keys. So small secrets share allocations, cut into slots of equal size. A slot is all zeros
/// whenever it is not in use. Slabs are never given back: their number follows the greatest number of secrets alive.
final class SecretSlabs: Sendable {
    /// The size of a slot in bytes: the longest of the common secrets, a BLAKE2b or SHA-512 output.
    static let slotByteCount = 64
    /// Slots in one slab: 64 slots are one page of data.
    static let slotsPerSlab = 64

    /// The slabs of the whole process.
    static let shared = SecretSlabs()

    private let free = Locked(FreeSlots())

    /// A zeroed slot, that nobody else has, of ``slotByteCount`` bytes.
    func allocate() -> UnsafeMutablePointer<UInt8> {
        unsafe free.withLock { slots in unsafe slots.take() }
    }

    /// Wipes `slot`, which must come from ``allocate()`` of the same object, and makes it available again.
    func release(_ slot: UnsafeMutablePointer<UInt8>) {
        unsafe sodium_memzero(slot, Self.slotByteCount)
        let returned = unsafe ReturnedSlot(pointer: slot)
        free.withLock { slots in unsafe slots.pointers.append(returned.pointer) }
    }

    /// Memory for one secret that is longer than a slot, zeroed.
    func allocateLong(_ count: Int) -> UnsafeMutablePointer<UInt8> {
        let memory = unsafe allocateSecretMemory(count)
        let kept = unsafe ReturnedSlot(pointer: memory)
        free.withLock { slots in unsafe slots.long[kept.pointer] = count }
        return unsafe memory
    }

    /// Wipes the memory, which must come from ``allocateLong(_:)``, and gives it back.
    func releaseLong(_ memory: UnsafeMutablePointer<UInt8>) {
        let returned = unsafe ReturnedSlot(pointer: memory)
        free.withLock { slots in unsafe slots.long[returned.pointer] = nil }
        unsafe sodium_free(memory)
    }

    /// Wipes all secrets, in use or not.
    func wipe() {
        free.withLock { slots in slots.wipe() }
    }

    /// Carries a pointer into the lock, whose closure takes only Sendable values.
    @safe private struct ReturnedSlot: @unchecked Sendable {
        let pointer: UnsafeMutablePointer<UInt8>
    }
}

/// The slots nobody uses.
@safe private struct FreeSlots: @unchecked Sendable {
    var pointers: [UnsafeMutablePointer<UInt8>]
    /// Secrets that are longer than a slot, and their bytes.
    var long: [UnsafeMutablePointer<UInt8>: Int]
    private var slabs: [UnsafeMutablePointer<UInt8>]
    private var slotCount = 0

    init() {
        unsafe pointers = []
        unsafe long = [:]
        unsafe slabs = []
    }

    func wipe() {
        unsafe slabs.forEach { unsafe sodium_memzero($0, SecretSlabs.slotByteCount * SecretSlabs.slotsPerSlab) }
        unsafe long.forEach { unsafe sodium_memzero($0.key, $0.value) }
    }

    mutating func take() -> UnsafeMutablePointer<UInt8> {
        if let pointer = unsafe pointers.popLast() {
            return unsafe pointer
        }
        addSlab()
        return unsafe pointers.removeLast()
    }

    private mutating func addSlab() {
        let slab = unsafe allocateSecretMemory(SecretSlabs.slotByteCount * SecretSlabs.slotsPerSlab)
        unsafe slabs.append(slab)
        slotCount += SecretSlabs.slotsPerSlab
        // Room for every slot there is, so that giving one back never allocates.
        unsafe pointers.reserveCapacity(slotCount)
        for index in (0..<SecretSlabs.slotsPerSlab).reversed() {
            unsafe pointers.append(slab + index * SecretSlabs.slotByteCount)
        }
    }
}

/// Zeroed memory between guard pages, locked into RAM where the system allows it, left out of core dumps.
/// To be given back with `sodium_free`, which wipes it.
func allocateSecretMemory(_ count: Int) -> UnsafeMutablePointer<UInt8> {
    SodiumLibrary.initialize()
    guard let memory = unsafe sodium_malloc(count) else {
        fatalError("out of memory for secrets")
    }
    unsafe sodium_memzero(memory, count)
    return unsafe memory.assumingMemoryBound(to: UInt8.self)
}
