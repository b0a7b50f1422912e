/// Why a replica does not take an input.
package enum ReplicaError: Error, Equatable {
    /// More than ``LogContent/inputLimit``.
    case tooLarge
    /// More than ``LogReplica/outboxByteLimit`` would wait.
    case overloaded
}
