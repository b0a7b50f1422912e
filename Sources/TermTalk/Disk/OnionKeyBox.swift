internal import TorController

/// Lets a closure own a key that cannot be copied.
final class OnionKeyBox {
    let key: OnionKey

    /// That of a kept room which has moved so often, or a new one.
    init(kept: KeptRoom?, moves: Int) {
        if let kept {
            key = kept.onionKey(moves: moves)
        } else {
            key = OnionKey()
        }
    }
}
