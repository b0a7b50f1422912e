/// Writes values as D-Bus marshals them (D-Bus Specification, "Marshaling"), little-endian.
struct DBusWriter {
    private(set) var bytes: [UInt8] = []

    mutating func align(to boundary: Int) {
        bytes += [UInt8](repeating: 0, count: (boundary - bytes.count % boundary) % boundary)
    }

    mutating func write(_ value: UInt8) { bytes.append(value) }

    mutating func write(_ value: UInt32) {
        align(to: 4)
        bytes += (0..<4).map { UInt8(truncatingIfNeeded: value >> ($0 * 8)) }
    }

    mutating func write(_ value: Int32) { write(UInt32(bitPattern: value)) }

    /// A string or an object path.
    mutating func write(_ text: String) {
        write(UInt32(text.utf8.count))
        bytes += Array(text.utf8) + [0]
    }

    mutating func write(signature: String) {
        bytes += [UInt8(signature.utf8.count)] + Array(signature.utf8) + [0]
    }

    mutating func append(_ more: [UInt8]) { bytes += more }
}
