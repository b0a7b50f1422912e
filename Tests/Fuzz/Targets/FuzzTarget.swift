/// A decoder, or a state machine, that is fed bytes from outside: whatever they are, it must not trap, and must keep what it
/// promises. A broken promise is a failed `precondition`, which libFuzzer takes for a crash.
struct FuzzTarget: Sendable {
    /// Also the name of its folder in the corpus.
    let name: String
    /// Bytes of the longest input that is tried.
    let maximumByteCount: Int
    /// Inputs to start from, made by our own encoders.
    let seeds: @Sendable () -> [[UInt8]]
    let run: @Sendable ([UInt8]) -> Void

    init(
        _ name: String, atMost maximumByteCount: Int, seeds: @escaping @Sendable () -> [[UInt8]],
        run: @escaping @Sendable ([UInt8]) -> Void
    ) {
        self.name = name
        self.maximumByteCount = maximumByteCount
        self.seeds = seeds
        self.run = run
    }

    static let all =
        sessionTargets + roomTargets + groupTargets + torTargets + fileTargets + textTargets
        + networkTargets + registryTargets + sharedLogTargets + transferTargets + snapshotTargets

    static func named(_ name: String) -> FuzzTarget? {
        all.first { $0.name == name }
    }
}
