internal import CSodium

/// All memory for secrets of the process.
package enum SecretMemory {
    /// Keeps the memory of the process out of dumps, and other processes of the user out of it.
    package static func forbidDumps() {
        _ = secret_forbid_dumps()
    }

    /// Keeps what this process executes, a tor of its own, from having more privileges than it has itself.
    package static func forbidPrivileges() {
        _ = secret_forbid_privileges()
    }

    /// Wipes every secret there is, for the end of the process: what still uses one afterwards works with zeros.
    package static func wipe() {
        SecretSlabs.shared.wipe()
    }
}
