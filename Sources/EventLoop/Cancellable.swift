/// Something under way on an event loop that can be called off.
package protocol Cancellable: AnyObject {
    /// Calls it off: its body or completion is not called any more. Harmless when it is already over.
    func cancel()
}
