internal import CSodium

/// The libsodium library itself.
package enum SodiumLibrary {
    private static let initialized: Bool = sodium_init() >= 0

    /// Prepares libsodium: picks the fastest implementations and opens the random source.
    ///
    /// Call it before anything else at the start of the process. Further calls, from any thread, do nothing.
    /// A failure means that the system has no random source: nothing can be done safely, so the process ends.
    package static func initialize() {
        precondition(initialized, "libsodium could not be initialized")
    }
}
