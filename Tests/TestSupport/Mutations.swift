extension [UInt8] {
    /// The same bytes with one bit changed; bit 0 is the lowest of the first byte.
    package func flippingBit(_ bit: Int) -> [UInt8] {
        var changed = self
        changed[bit / 8] ^= 1 << UInt8(bit % 8)
        return changed
    }
}
