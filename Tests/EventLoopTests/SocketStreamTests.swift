import EventLoop
import Foundation
import Testing

@Suite struct SocketStreamTests {
    @Test(arguments: SocketKind.allCases) func echoDropByDrop(kind: SocketKind) throws {
        let message = (0..<600).map { UInt8(truncatingIfNeeded: $0) }
        var answer: [UInt8] = []
        try LoopTest.run { test in
            let (client, server) = try test.streams(kind)
            test.record(server).onReceived = { server.write($0) }
            let recorder = test.record(client)
            func sendNext(_ index: Int) {
                guard index < message.count else { return }
                client.write([message[index]])
                test.loop.atEndOfTurn { sendNext(index + 1) }
            }
            sendNext(0)
            recorder.onReceived = { _ in
                guard recorder.received.count == message.count else { return }
                answer = recorder.received
                test.loop.stop()
            }
        }
        #expect(answer == message)
    }

    /// Ten megabytes to a reader that pauses again and again.
    @Test(arguments: SocketKind.allCases) func backPressureBoundsPendingBytes(kind: SocketKind) throws {
        let total = 10_000_000
        let block = [UInt8](repeating: 7, count: 50_000)
        let marks = WaterMarks(low: 10_000, high: 100_000)
        var received = 0
        var mostPending = 0
        var drainCount = 0
        var readerClosed: StreamCloseReason?
        try LoopTest.run { test in
            let (writer, reader) = try test.streams(kind)
            writer.waterMarks = marks
            var sent = 0
            func fill() {
                while sent < total, writer.pendingByteCount <= marks.high {
                    writer.write(block)
                    sent += block.count
                    mostPending = max(mostPending, writer.pendingByteCount)
                }
                if sent == total { writer.closeAfterWriting() }
            }
            let writing = test.record(writer)
            writing.onDrained = {
                drainCount += 1
                #expect(writer.pendingByteCount <= marks.low)
                fill()
            }
            let reading = test.record(reader)
            reading.keepsBytes = false
            reading.onReceived = { bytes in
                received += bytes.count
                reader.pauseReading()
                test.loop.atEndOfTurn { reader.resumeReading() }
            }
            reading.onClosed = { reason in
                readerClosed = reason
                test.loop.stop()
            }
            fill()
        }
        #expect(received == total)
        #expect(readerClosed == .endOfFile)
        #expect(drainCount > 0)
        #expect(mostPending > marks.high && mostPending <= marks.high + block.count)
    }

    @Test func drainedNeedsTheHighMark() throws {
        var recorder: Recorder?
        try LoopTest.run { test in
            let (writer, reader) = try test.streams(.unix)
            writer.waterMarks = WaterMarks(low: 0, high: 4_000_000)
            recorder = test.record(writer)
            let block = [UInt8](repeating: 0, count: 3_000_000)
            writer.write(block)
            #expect(writer.pendingByteCount > 0)
            var received = 0
            let reading = test.record(reader)
            reading.keepsBytes = false
            reading.onReceived = { bytes in
                received += bytes.count
                if received == block.count { test.loop.schedule(after: .milliseconds(1)) { test.loop.stop() } }
            }
        }
        #expect(recorder?.drainCount == 0)
    }

    @Test(arguments: SocketKind.allCases) func pausedStreamHearsNothing(kind: SocketKind) throws {
        var recorder: Recorder?
        try LoopTest.run { test in
            let (client, server) = try test.streams(kind)
            let recording = test.record(server)
            recorder = recording
            server.pauseReading()
            test.record(client)
            client.write("one")
            client.closeAfterWriting()
            test.loop.schedule(after: .milliseconds(20)) {
                #expect(recording.received.isEmpty && recording.closed.isEmpty)
                server.resumeReading()
            }
            recording.onClosed = { _ in test.loop.stop() }
        }
        #expect(recorder?.received.text == "one")
        #expect(recorder?.closed == [.endOfFile])
    }

    @Test func pauseInsideACallbackStopsDelivery() throws {
        var countWhilePaused = 0
        var total = 0
        try LoopTest.run { test in
            let (client, server) = try test.streams(.unix)
            test.record(client)
            client.write([UInt8](repeating: 1, count: 200_000))
            let recorder = test.record(server)
            var isPaused = false
            recorder.onReceived = { bytes in
                if isPaused { countWhilePaused += 1 }
                total += bytes.count
                isPaused = true
                server.pauseReading()
                test.loop.schedule(after: .milliseconds(1)) {
                    isPaused = false
                    server.resumeReading()
                }
                if total == 200_000 { test.loop.stop() }
            }
        }
        #expect(total == 200_000)
        #expect(countWhilePaused == 0)
    }

    @Test func aTurnReadsABoundedAmount() throws {
        let (ours, theirs) = try SocketKind.unix.connectedDescriptors()
        defer { close(theirs) }
        // The kernel holds this much at once, so that one stream could read it all in one go.
        let flood = [UInt8](repeating: 1, count: 200_000)
        var countsPerTurn: [Int] = []
        try LoopTest.run { test in
            let stream = SocketStream(adopting: ours, loop: test.loop)
            let recorder = test.record(stream)
            #expect(write(theirs, flood, flood.count) == flood.count)
            var count = 0
            recorder.onReceived = { bytes in
                if count == 0 {
                    test.loop.atEndOfTurn {
                        countsPerTurn.append(count)
                        count = 0
                        if recorder.received.count == flood.count { test.loop.stop() }
                    }
                }
                count += bytes.count
            }
        }
        #expect(countsPerTurn == [131_072, 68_928])
    }

    @Test(arguments: SocketKind.allCases) func halfCloseIsTheEnd(kind: SocketKind) throws {
        let (ours, theirs) = try kind.connectedDescriptors()
        defer { close(theirs) }
        var recorder: Recorder?
        try LoopTest.run { test in
            let stream = SocketStream(adopting: ours, loop: test.loop)
            recorder = test.record(stream)
            recorder?.onClosed = { _ in
                stream.write("too late")
                stream.closeAfterWriting()
                test.loop.schedule(after: .milliseconds(1)) { test.loop.stop() }
            }
            write(theirs, "last", 4)
            shutdown(theirs, Int32(SHUT_WR))
        }
        #expect(recorder?.received.text == "last")
        #expect(recorder?.closed == [.endOfFile])
        var byte: UInt8 = 0
        #expect(read(theirs, &byte, 1) == 0)
    }

    @Test func resetIsAnError() throws {
        let (ours, theirs) = try SocketKind.tcp.connectedDescriptors()
        var recorder: Recorder?
        try LoopTest.run { test in
            recorder = test.record(SocketStream(adopting: ours, loop: test.loop))
            recorder?.onClosed = { _ in test.loop.stop() }
            reset(theirs)
        }
        #expect(recorder?.closed == [.failed(errno: ECONNRESET)])
    }

    @Test(arguments: SocketKind.allCases) func writeErrorComesLaterAndOnce(kind: SocketKind) throws {
        let (ours, theirs) = try kind.connectedDescriptors()
        var recorder: Recorder?
        try LoopTest.run { test in
            let stream = SocketStream(adopting: ours, loop: test.loop)
            recorder = test.record(stream)
            stream.pauseReading()
            if kind == .tcp { reset(theirs) } else { close(theirs) }
            stream.write("a")
            stream.write("b")
            #expect(recorder?.closed == [], "a callback came from inside write")
            #expect(stream.pendingByteCount == 0)
            recorder?.onClosed = { _ in test.loop.schedule(after: .milliseconds(1)) { test.loop.stop() } }
        }
        try #require(recorder?.closed.count == 1)
        guard case .failed(let code)? = recorder?.closed.first else {
            Issue.record("not an error")
            return
        }
        #expect(code == ECONNRESET || code == EPIPE)
    }

    /// All of it happens after the loop has looked for what is ready.
    @Test func lastWordsAreReadAfterAWriteError() throws {
        let (ours, theirs) = try SocketKind.unix.connectedDescriptors()
        let words = [UInt8](repeating: 65, count: 200_000)
        var recorder: Recorder?
        try LoopTest.run { test in
            let stream = SocketStream(adopting: ours, loop: test.loop)
            recorder = test.record(stream)
            test.loop.schedule(after: .milliseconds(1)) {
                #expect(write(theirs, words, words.count) == words.count)
                close(theirs)
                stream.write("hello")
            }
            recorder?.onClosed = { _ in test.loop.stop() }
        }
        #expect(recorder?.received == words)
        #expect(recorder?.closed.count == 1)
    }

    @Test func handlerSetAfterAWriteErrorHearsOfIt() throws {
        let (ours, theirs) = try SocketKind.unix.connectedDescriptors()
        var recorder: Recorder?
        try LoopTest.run { test in
            let stream = SocketStream(adopting: ours, loop: test.loop)
            close(theirs)
            stream.write("hello")
            test.loop.schedule(after: .milliseconds(1)) {
                recorder = test.record(stream)
                recorder?.onClosed = { _ in test.loop.stop() }
            }
        }
        #expect(recorder?.closed.count == 1)
    }

    private func reset(_ descriptor: Int32) {
        var linger = linger(l_onoff: 1, l_linger: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &linger, socklen_t(MemoryLayout.size(ofValue: linger)))
        close(descriptor)
    }
}
