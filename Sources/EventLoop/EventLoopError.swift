/// Why an ``EventLoop`` could not be made.
package enum EventLoopError: Error, Equatable {
    /// libevent could not set up its base: no descriptors or no memory are left.
    case unavailable
}
