package import Sodium

/// A secret that collections can hold: it is wiped when the last reference goes.
package final class SharedSecret: Sendable {
    package let bytes: SecretBytes

    package init(_ bytes: consuming SecretBytes) {
        self.bytes = bytes
    }
}
