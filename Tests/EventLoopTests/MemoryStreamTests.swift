import EventLoop
import TestSupport
import Testing

@Suite struct MemoryStreamTests {
    @Test(arguments: [1, 3, 65536]) func bytesArriveInOrderInChunks(chunkSize: Int) throws {
        let message = (0..<500).map { UInt8(truncatingIfNeeded: $0) }
        var answer: [UInt8] = []
        try LoopTest.run { test in
            let (left, right) = MemoryStream.makePair(loop: test.loop)
            left.chunkSize = chunkSize
            right.chunkSize = chunkSize
            let recorder = test.record(left)
            test.record(right).onReceived = { bytes in
                #expect(bytes.count <= chunkSize)
                right.write(bytes)
            }
            left.write(message)
            #expect(left.pendingByteCount == message.count && recorder.received.isEmpty)
            recorder.onReceived = { _ in
                guard recorder.received.count == message.count else { return }
                answer = recorder.received
                test.loop.stop()
            }
        }
        #expect(answer == message)
    }

    @Test func drainedAfterTheHighMark() throws {
        var drained: [Int] = []
        try LoopTest.run { test in
            let (left, right) = MemoryStream.makePair(loop: test.loop)
            left.chunkSize = 10
            left.waterMarks = WaterMarks(low: 20, high: 50)
            test.record(left).onDrained = { drained.append(left.pendingByteCount) }
            let recorder = test.record(right)
            left.write([UInt8](repeating: 1, count: 50))
            recorder.onReceived = { _ in
                if recorder.received.count == 50 { left.write([UInt8](repeating: 1, count: 51)) }
                if recorder.received.count == 101 { test.loop.stop() }
            }
        }
        #expect(drained == [11])
    }

    @Test func pausedEndHearsNothing() throws {
        var received = ""
        try LoopTest.run { test in
            let (left, right) = MemoryStream.makePair(loop: test.loop)
            test.record(left)
            let recorder = test.record(right)
            right.pauseReading()
            left.write("one")
            test.loop.schedule(after: .milliseconds(5)) {
                #expect(recorder.received.isEmpty && left.pendingByteCount == 3)
                right.resumeReading()
            }
            recorder.onReceived = { _ in
                received = recorder.received.text
                test.loop.stop()
            }
        }
        #expect(received == "one")
    }

    @Test func closeAfterWritingDeliversFirst() throws {
        var events: [String] = []
        try LoopTest.run { test in
            let (left, right) = MemoryStream.makePair(loop: test.loop)
            left.chunkSize = 2
            let leftRecorder = test.record(left)
            let rightRecorder = test.record(right)
            leftRecorder.onClosed = { events.append("left \($0)") }
            rightRecorder.onClosed = { reason in
                events.append("right \(reason) \(rightRecorder.received.text)")
                test.loop.stop()
            }
            left.write("last words")
            left.closeAfterWriting()
            left.write("dropped")
        }
        #expect(events == ["left finished", "right endOfFile last words"])
    }

    @Test func closeDropsWhatIsPending() throws {
        var recorders: [Recorder] = []
        try LoopTest.run { test in
            let (left, right) = MemoryStream.makePair(loop: test.loop)
            recorders = [test.record(left), test.record(right)]
            left.write("never")
            left.close()
            left.close()
            recorders[1].onClosed = { _ in
                right.write("nobody")
                test.loop.schedule(after: .milliseconds(1)) { test.loop.stop() }
            }
        }
        #expect(recorders.map(\.closed) == [[], [.endOfFile]])
        #expect(recorders[1].received.isEmpty)
    }

    @Test func closeInsideACallback() throws {
        var recorders: [Recorder] = []
        try LoopTest.run { test in
            let (left, right) = MemoryStream.makePair(loop: test.loop)
            recorders = [test.record(left), test.record(right)]
            right.chunkSize = 1
            left.chunkSize = 1
            recorders[1].onReceived = { _ in right.close() }
            recorders[0].onClosed = { _ in test.loop.stop() }
            left.write("ab")
        }
        #expect(recorders[1].received.text == "a")
        #expect(recorders.map(\.closed) == [[.endOfFile], []])
    }

    @Test func droppedEndIsAClosedOne() throws {
        var recorder: Recorder?
        try LoopTest.run { test in
            var pair: (MemoryStream, MemoryStream)? = MemoryStream.makePair(loop: test.loop)
            if let left = pair?.0 { recorder = test.record(left) }
            pair = nil
            recorder?.onClosed = { _ in test.loop.stop() }
        }
        #expect(recorder?.closed == [.endOfFile])
    }
}
