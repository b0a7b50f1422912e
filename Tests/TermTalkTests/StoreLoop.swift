import EventLoop
import Testing

/// Runs a loop on the thread of the test until `body`'s turns stop it, with a deadline instead of a hang.
func withStoreLoop(_ body: (EventLoop) throws -> Void) throws {
    let loop = try EventLoop()
    try body(loop)
    loop.schedule(after: .seconds(240)) {
        Issue.record("the test's deadline has passed")
        loop.stop()
    }
    loop.run()
}
