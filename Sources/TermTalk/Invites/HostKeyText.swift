package import Sodium

extension X25519.PublicKey {
    /// The key as people see and type it: 64 hex digits.
    package var text: String { Base16.encode(bytes) }

    /// The key written as `text`: 64 hex digits, spaces and colons between them allowed. Nil otherwise.
    package init?(text: String) {
        guard let bytes = Base16.decode(text.filter { $0 != " " && $0 != ":" }), let key = try? X25519.PublicKey(bytes)
        else {
            return nil
        }
        self = key
    }
}
