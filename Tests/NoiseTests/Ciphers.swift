import Noise

extension CipherState {
    /// The next message, which holds `text`.
    mutating func sealed(_ text: [UInt8], authenticating additional: [UInt8] = []) throws(NoiseError) -> [UInt8] {
        var buffer = text + [UInt8](repeating: 0, count: Self.tagByteCount)
        var span = buffer.mutableSpan
        try encrypt(inPlace: &span, authenticating: additional.span)
        return buffer
    }

    /// The text of the next message.
    mutating func opened(_ message: [UInt8], authenticating additional: [UInt8] = []) throws(NoiseError) -> [UInt8] {
        var buffer = message
        var span = buffer.mutableSpan
        try decrypt(inPlace: &span, authenticating: additional.span)
        return buffer.dropLast(Self.tagByteCount)
    }
}
