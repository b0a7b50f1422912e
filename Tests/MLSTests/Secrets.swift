import Sodium
import TestSupport

extension SecretBytes {
    /// A secret of known bytes.
    init(hex text: String) throws {
        let content = try bytes(hex: text)
        self.init(copying: content.span)
    }

    /// The bytes, to compare them with expected ones.
    var revealed: [UInt8] {
        withBytes { bytes in bytes.indices.map { bytes[$0] } }
    }
}
