/// An input of the room, or an entry of its log.
package struct NumberedBytes: Equatable, Sendable {
    package var number: UInt64
    package var bytes: [UInt8]

    package init(_ number: UInt64, _ bytes: [UInt8]) {
        self.number = number
        self.bytes = bytes
    }
}
