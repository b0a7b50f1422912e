internal import Sodium

/// What both sides do alike: a share of their own, and the secret that it makes with the peer's.
struct CPaceExchange: ~Copyable {
    let context: CPaceContext
    let share: [UInt8]
    let data: [UInt8]
    private let scalar: Ristretto255.Scalar

    init(_ context: consuming CPaceContext, data: [UInt8], scalar: consuming Ristretto255.Scalar) throws(CPaceError) {
        let generator = CPaceSuite.generator(context)
        do throws(SodiumError) {
            let product = try generator.withBytes { (bytes) throws(SodiumError) in try scalar.multiply(bytes) }
            share = product.withBytes { bytes in bytes.indices.map { bytes[$0] } }
        } catch {
            throw .invalidShare
        }
        self.scalar = scalar
        self.context = context
        self.data = data
    }

    /// K. Refuses our own share, and with it the tag that we would take for the peer's.
    func shared(with peerShare: [UInt8]) throws(CPaceError) -> SecretBytes {
        guard peerShare != share else { throw .reflectedShare }
        do throws(SodiumError) {
            return try scalar.multiply(peerShare.span)
        } catch {
            throw .invalidShare
        }
    }
}
