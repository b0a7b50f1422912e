import TestSupport
import Testing
import Wire

/// The longest that two bytes of length can say.
private let longestFrame = 65_535

@Suite struct FrameDecoderTests {
    private enum HandlerError: Error {
        case refused
    }

    private static func frame(_ content: [UInt8]) -> [UInt8] {
        [UInt8(content.count >> 8), UInt8(content.count & 0xff)] + content
    }

    /// All frames of `pieces`, fed one after the other.
    private static func frames(
        of pieces: [[UInt8]], in decoder: inout FrameDecoder
    ) throws(FrameFailure<Never>) -> [[UInt8]] {
        var frames: [[UInt8]] = []
        for piece in pieces {
            let consumed = try decoder.received(piece.span) { (frame: Span<UInt8>) throws(Never) -> Bool in
                frames.append([UInt8](copying: frame))
                return true
            }
            #expect(consumed == piece.count)
        }
        return frames
    }

    @Test func framesComeOutHoweverTheyArrive() throws {
        let contents = [1, 2, 255, 256, 1, 1000, 3].map { [UInt8](repeating: UInt8($0 & 0xff), count: $0) }
        for pieces in DripFeed.pieces(of: contents.flatMap(Self.frame)) {
            var decoder = FrameDecoder(maximumLength: 1000)
            #expect(try Self.frames(of: pieces, in: &decoder) == contents)
            #expect(decoder.bufferedByteCount == 0)
        }
    }

    @Test(arguments: [1, 2, 700, longestFrame]) func limitHolds(limit: Int) throws {
        let longest = Self.frame([UInt8](repeating: 7, count: limit))
        for pieces in DripFeed.pieces(of: longest) {
            var decoder = FrameDecoder(maximumLength: limit)
            #expect(try Self.frames(of: pieces, in: &decoder) == [Array(longest.dropFirst(2))])
        }
        guard limit < longestFrame else { return }
        // The header alone, whole or in two pieces, is refused before anything of the content.
        let header = Array(Self.frame([UInt8](repeating: 7, count: limit + 1)).prefix(2))
        for pieces in DripFeed.pieces(of: header) {
            var decoder = FrameDecoder(maximumLength: limit)
            #expect(throws: FrameFailure<Never>.framing(.tooLong)) { try Self.frames(of: pieces, in: &decoder) }
            #expect(decoder.bufferedByteCount == 0)
        }
    }

    @Test func emptyFramesAreRefused() {
        for pieces in DripFeed.pieces(of: [0, 0]) {
            var decoder = FrameDecoder(maximumLength: 10)
            #expect(throws: FrameFailure<Never>.framing(.emptyFrame)) { try Self.frames(of: pieces, in: &decoder) }
        }
    }

    @Test func keepsOnlyWhatArrived() throws {
        var decoder = FrameDecoder(maximumLength: longestFrame)
        _ = try Self.frames(of: [[0xff]], in: &decoder)
        #expect(decoder.bufferedByteCount == 1)
        _ = try Self.frames(of: [[0xff, 1, 2, 3]], in: &decoder)
        #expect(decoder.bufferedByteCount == 5)
        let rest = [UInt8](repeating: 0, count: 65_532)
        #expect(try Self.frames(of: [rest], in: &decoder).map(\.count) == [65_535])
        #expect(decoder.bufferedByteCount == 0)
    }

    @Test func staysFailed() {
        var decoder = FrameDecoder(maximumLength: 3)
        #expect(throws: FrameFailure<Never>.framing(.tooLong)) { try Self.frames(of: [[0, 4]], in: &decoder) }
        for _ in 0..<2 {
            #expect(throws: FrameFailure<Never>.framing(.failedBefore)) {
                try Self.frames(of: [[0, 1, 1]], in: &decoder)
            }
        }
    }

    @Test func errorsOfTheHandlerEndIt() {
        var decoder = FrameDecoder(maximumLength: 3)
        var count = 0
        let bytes: [UInt8] = [0, 1, 1, 0, 1, 2, 0, 1, 3]
        #expect(throws: FrameFailure<HandlerError>.handler(.refused)) {
            try decoder.received(bytes.span) { (_) throws(HandlerError) in
                count += 1
                guard count < 2 else { throw .refused }
                return true
            }
        }
        #expect(count == 2)
        #expect(throws: FrameFailure<Never>.framing(.failedBefore)) { try Self.frames(of: [[0]], in: &decoder) }
    }

    /// As at the end of a handshake: stop, allow longer frames, go on with the rest.
    @Test func limitMayChangeBetweenFrames() throws {
        let bytes = Self.frame([1, 2]) + Self.frame([1, 2, 3, 4])
        for stopsAfterFirst in [true, false] {
            var decoder = FrameDecoder(maximumLength: 2)
            if stopsAfterFirst {
                var first: [UInt8] = []
                let consumed = try decoder.received(bytes.span) { (frame: Span<UInt8>) throws(Never) -> Bool in
                    first = [UInt8](copying: frame)
                    return false
                }
                #expect(first == [1, 2])
                #expect(consumed == 4)
                decoder.maximumLength = 4
                #expect(try Self.frames(of: [Array(bytes[consumed...])], in: &decoder) == [[1, 2, 3, 4]])
            } else {
                #expect(throws: FrameFailure<Never>.framing(.tooLong)) { try Self.frames(of: [bytes], in: &decoder) }
            }
        }
    }

    /// The same after a frame that was put together from pieces.
    @Test func stopsAfterAnAssembledFrame() throws {
        var decoder = FrameDecoder(maximumLength: 9)
        _ = try Self.frames(of: [[0, 2, 5]], in: &decoder)
        let rest: [UInt8] = [6, 0, 1, 7]
        var seen: [[UInt8]] = []
        let consumed = try decoder.received(rest.span) { (frame: Span<UInt8>) throws(Never) -> Bool in
            seen.append([UInt8](copying: frame))
            return false
        }
        #expect(seen == [[5, 6]])
        #expect(consumed == 1)
    }

    @Test func randomBytesNeverTrap() {
        for _ in 0..<500 {
            var decoder = FrameDecoder(maximumLength: Int.random(in: 0...400))
            let limit = decoder.maximumLength
            do throws(FrameFailure<Never>) {
                for _ in 0..<20 {
                    let piece = (0..<Int.random(in: 0...60)).map { _ in UInt8.random(in: 0...1) }
                    let frames = try Self.frames(of: [piece], in: &decoder)
                    #expect(frames.allSatisfy { (1...max(limit, 1)).contains($0.count) })
                    #expect(decoder.bufferedByteCount < limit + FrameDecoder.headerByteCount)
                }
            } catch {
                #expect(decoder.bufferedByteCount == 0)
            }
        }
    }
}
