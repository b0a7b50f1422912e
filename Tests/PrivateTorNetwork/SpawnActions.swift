package import Foundation

extension posix_spawn_file_actions_t {
    /// Descriptors that other threads may open before the child begins: they have the lowest numbers that are free.
    private static let margin: Int32 = 256

    /// The child has its standard descriptors alone: no test's socket, whose peer would not see its end, and not that by which
    /// Foundation's Process learns of another child's.
    package mutating func closeOthers() {
        let open = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd")) ?? []
        let highest = open.compactMap { Int32($0) }.max() ?? 2
        for descriptor in 3..<highest + Self.margin { posix_spawn_file_actions_addclose(&self, descriptor) }
    }
}
