import Noise
import Testing

extension HandshakePattern: CustomTestStringConvertible {
    package var testDescription: String { name }
}
