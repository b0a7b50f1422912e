internal import TorController

/// Lets a closure own a key that cannot be copied.
final class OnionKeyBox {
    let key: OnionKey

    /// That of a kept room, or a new one.
    init(kept: KeptRoom?) {
        if let kept {
            key = kept.onionKey()
        } else {
            key = OnionKey()
        }
    }
}
