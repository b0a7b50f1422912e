/// How much padding a PrivateMessage gets (RFC 9420 section 6.3.1), so that its length says less of its content.
package enum PaddingRule: Sendable {
    /// None.
    case none
    /// Up to the next multiple of so many bytes, counted with content and signature.
    case multiple(of: Int)

    /// The zeros to be added to `byteCount` bytes.
    func byteCount(for byteCount: Int) -> Int {
        switch self {
        case .none: 0
        case .multiple(let unit): unit > 1 ? (unit - byteCount % unit) % unit : 0
        }
    }
}
