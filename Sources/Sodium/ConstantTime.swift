internal import CSodium

/// Whether both hold the same bytes, in a time that depends on nothing but the lengths.
package func constantTimeEquals(_ left: Span<UInt8>, _ right: Span<UInt8>) -> Bool {
    guard left.count == right.count else { return false }
    return unsafe left.withUnsafeBufferPointer { left in
        unsafe right.withUnsafeBufferPointer { right in
            guard let leftBase = left.baseAddress, let rightBase = right.baseAddress else { return true }
            return unsafe sodium_memcmp(leftBase, rightBase, left.count) == 0
        }
    }
}

/// Whether both hold the same bytes, in a time that depends on nothing but the lengths.
package func constantTimeEquals(_ left: [UInt8], _ right: [UInt8]) -> Bool {
    constantTimeEquals(left.span, right.span)
}
