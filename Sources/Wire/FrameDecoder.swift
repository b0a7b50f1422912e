/// Why a stream of frames cannot be read on.
package enum FrameError: Error, Equatable {
    /// A frame of no bytes: nothing of ours sends one, and it would be work for free.
    case emptyFrame
    /// A frame announces more bytes than are allowed now.
    case tooLong
    /// The decoder has failed before; where the next frame starts is unknown.
    case failedBefore
}

/// What ends ``FrameDecoder/received(_:onFrame:)``: the stream itself, or the receiver of a frame.
package enum FrameFailure<HandlerError: Error>: Error {
    /// The bytes are no frames.
    case framing(FrameError)
    /// `onFrame` threw this.
    case handler(HandlerError)
}

extension FrameFailure: Equatable where HandlerError: Equatable {}

/// Cuts a stream of bytes into frames: a length of 2 bytes, big endian, then that many bytes.
///
/// It keeps only what has arrived of an unfinished frame, never room for what was merely announced, and nothing at all
/// between frames.
package struct FrameDecoder: Sendable {
    /// The length of a length in bytes.
    package static let headerByteCount = 2

    /// The longest frame allowed in bytes, without its header. It holds for headers that are completed from now on.
    package var maximumLength: Int

    private var partial: [UInt8] = []
    private var hasFailed = false

    /// Starts at the beginning of a stream.
    package init(maximumLength: Int) {
        self.maximumLength = maximumLength
    }

    /// The bytes kept of a frame that is not whole yet, with its header.
    package var bufferedByteCount: Int { partial.count }

    /// Takes the next bytes of the stream and calls `onFrame` with the content of every frame that they complete.
    ///
    /// `onFrame` returns whether to go on: after `false` the rest of `bytes` is left alone, so that the caller can
    /// change ``maximumLength`` and pass the rest again, or drop it and close. Returns how many bytes were consumed:
    /// all of them, unless stopped. After an error, its own or that of `onFrame`, the decoder stays failed.
    @discardableResult
    package mutating func received<E: Error>(
        _ bytes: Span<UInt8>, onFrame: (Span<UInt8>) throws(E) -> Bool
    ) throws(FrameFailure<E>) -> Int {
        guard !hasFailed else { throw .framing(.failedBefore) }
        do throws(FrameFailure<E>) {
            return try consume(bytes, onFrame)
        } catch {
            hasFailed = true
            partial = []
            throw error
        }
    }

    private mutating func consume<E: Error>(
        _ bytes: Span<UInt8>, _ onFrame: (Span<UInt8>) throws(E) -> Bool
    ) throws(FrameFailure<E>) -> Int {
        var position = 0
        while position < bytes.count {
            let next: NextFrame
            do throws(FrameError) {
                next = try takeFrame(from: bytes, at: &position)
            } catch {
                throw .framing(error)
            }
            let goesOn: Bool
            do throws(E) {
                switch next {
                case .incomplete: goesOn = true
                case .within(let content): goesOn = try onFrame(bytes.extracting(content))
                case .assembled(let frame): goesOn = try onFrame(frame.span.extracting(Self.headerByteCount...))
                }
            } catch {
                throw .handler(error)
            }
            guard goesOn else { break }
        }
        return position
    }

    private enum NextFrame {
        /// All bytes are kept, and the frame is still not whole.
        case incomplete
        /// The content of the frame stands here among the received bytes.
        case within(Range<Int>)
        /// The frame was kept in pieces: header and content.
        case assembled([UInt8])
    }

    /// Takes one frame, or all bytes if they do not complete one.
    private mutating func takeFrame(
        from bytes: Span<UInt8>, at position: inout Int
    ) throws(FrameError) -> NextFrame {
        if partial.isEmpty, bytes.count - position >= Self.headerByteCount {
            let start = position + Self.headerByteCount
            let length = try checkedLength(bytes[position], bytes[position + 1])
            if length <= bytes.count - start {
                position = start + length
                return .within(start..<position)
            }
        }
        if keep(upTo: Self.headerByteCount, from: bytes, at: &position) {
            _ = try checkedLength(partial[0], partial[1])
        }
        guard partial.count >= Self.headerByteCount else { return .incomplete }
        let frameByteCount = Self.headerByteCount + Self.length(partial[0], partial[1])
        _ = keep(upTo: frameByteCount, from: bytes, at: &position)
        guard partial.count == frameByteCount else { return .incomplete }
        let frame = partial
        partial = []
        return .assembled(frame)
    }

    /// Keeps bytes until there are `count`, as far as they go. Returns whether just now there came to be so many.
    private mutating func keep(upTo count: Int, from bytes: Span<UInt8>, at position: inout Int) -> Bool {
        let missing = count - partial.count
        guard missing > 0 else { return false }
        let end = position + min(missing, bytes.count - position)
        unsafe bytes.extracting(position..<end).withUnsafeBufferPointer { buffer in
            unsafe partial.append(contentsOf: buffer)
        }
        position = end
        return partial.count == count
    }

    private func checkedLength(_ high: UInt8, _ low: UInt8) throws(FrameError) -> Int {
        let length = Self.length(high, low)
        guard length > 0 else { throw .emptyFrame }
        guard length <= maximumLength else { throw .tooLong }
        return length
    }

    private static func length(_ high: UInt8, _ low: UInt8) -> Int {
        Int(high) << 8 | Int(low)
    }
}
