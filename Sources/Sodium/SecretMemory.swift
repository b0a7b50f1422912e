internal import CSodium

/// All memory for secrets of the process.
package enum SecretMemory {
    /// Keeps the memory of the process out of dumps, and other processes of the user out of it.
    package static func forbidDumps() {
        _ = secret_forbid_dumps()
    }

    /// Wipes every secret there is, for the end of the process: what still uses one afterwards works with zeros.
    package static func wipe() {
        SecretSlabs.shared.wipe()
    }
}
