internal import CLibevent
import Glibc

/// Bytes that the kernel has not taken; a chain of blocks, freed as they are sent.
@safe struct OutputBuffer: ~Copyable {
    private let buffer: OpaquePointer

    /// Nil when there is no memory.
    init?() {
        guard let buffer = unsafe evbuffer_new() else { return nil }
        unsafe self.buffer = buffer
    }

    deinit {
        unsafe evbuffer_free(buffer)
    }

    var count: Int { unsafe evbuffer_get_length(buffer) }

    /// Appends a copy; false when there is no memory.
    func append(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
        unsafe evbuffer_add(buffer, bytes.baseAddress, bytes.count) == 0
    }

    /// Gives the kernel what it takes and returns 0, or the `errno` of the refusal.
    func write(to descriptor: Int32) -> Int32 {
        if unsafe evbuffer_write(buffer, descriptor) >= 0 { return 0 }
        let code = errno
        return code == EAGAIN || code == EINTR ? 0 : code
    }
}
