/// A message of the room in transit: its type, 0x10 to 0x7f, and its body in the TLS presentation language.
package struct EncodedMessage: Sendable, Equatable {
    package let type: UInt8
    package let body: [UInt8]

    package init(type: UInt8, body: [UInt8]) {
        self.type = type
        self.body = body
    }
}
