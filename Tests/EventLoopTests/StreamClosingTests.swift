import EventLoop
import Foundation
import Testing

@Suite struct StreamClosingTests {
    @Test(arguments: SocketKind.allCases) func closeInsideReceived(kind: SocketKind) throws {
        var recorder: Recorder?
        try LoopTest.run { test in
            let (client, server) = try test.streams(kind)
            let recording = test.record(server)
            recorder = recording
            recording.keepsBytes = false
            var count = 0
            recording.onReceived = { _ in
                count += 1
                server.close()
                server.close()
                server.write("nobody hears this")
                server.resumeReading()
                #expect(server.handler == nil)
                #expect(server.localAddress == nil)
            }
            test.record(client).onClosed = { _ in
                #expect(count == 1)
                test.loop.stop()
            }
            client.write([UInt8](repeating: 0, count: 300_000))
        }
        #expect(recorder?.closed == [])
    }

    @Test func closeInsideDrainedAndClosed() throws {
        var writerClosed: [StreamCloseReason]?
        try LoopTest.run { test in
            let (writer, reader) = try test.streams(.unix)
            let writing = test.record(writer)
            writing.onDrained = { writer.close() }
            let reading = test.record(reader)
            reading.keepsBytes = false
            reading.onClosed = { _ in
                reader.close()
                writerClosed = writing.closed
                test.loop.stop()
            }
            writer.write([UInt8](repeating: 0, count: 2_000_000))
        }
        #expect(writerClosed == [])
    }

    @Test func droppingTheLastReferenceInsideACallbackIsSafe() throws {
        var wasCalled = false
        try LoopTest.run { test in
            let (client, server) = try test.streams(.unix)
            var only: SocketStream? = server
            let recorder = Recorder()
            only?.handler = recorder
            recorder.onReceived = { bytes in
                only?.handler = nil
                only = nil
                wasCalled = true
                #expect(bytes.count == 3)
            }
            // The peer notices that the socket was closed.
            test.record(client).onClosed = { _ in test.loop.stop() }
            client.write("abc")
            recorder.onClosed = { _ in _ = only }
        }
        #expect(wasCalled)
    }

    @Test(arguments: SocketKind.allCases) func closeAfterWritingSendsAll(kind: SocketKind) throws {
        var received: [UInt8] = []
        var writerReason: [StreamCloseReason] = []
        let content = (0..<3_000_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        try LoopTest.run { test in
            var streams: (SocketStream, SocketStream)? = try test.streams(kind)
            let recorder = Recorder()
            streams?.0.handler = recorder
            streams?.0.write(content)
            streams?.0.closeAfterWriting()
            streams?.0.closeAfterWriting()
            streams?.0.write("dropped")
            #expect(recorder.closed.isEmpty)
            if let reader = streams?.1 {
                let reading = test.record(reader)
                reading.onClosed = { _ in
                    received = reading.received
                    writerReason = recorder.closed
                    test.loop.stop()
                }
            }
            // The writer has no owner from here on.
            streams = nil
        }
        #expect(received == content)
        #expect(writerReason == [.finished])
    }

    /// Closing a TCP socket that has unread bytes resets the connection, and the peer may lose what was sent last.
    @Test(arguments: SocketKind.allCases) func lastBytesReachAPeerThatIsStillSending(kind: SocketKind) throws {
        var received: [UInt8] = []
        var reason: StreamCloseReason?
        try LoopTest.run { test in
            let (host, member) = try test.streams(kind)
            test.record(host)
            host.pauseReading()
            let recorder = test.record(member)
            member.pauseReading()
            member.write([UInt8](repeating: 9, count: 1_000_000))
            host.write("kicked")
            host.closeAfterWriting()
            test.loop.schedule(after: .milliseconds(10)) { member.resumeReading() }
            recorder.onClosed = { ended in
                received = recorder.received
                reason = ended
                test.loop.stop()
            }
        }
        #expect(received.text == "kicked")
        #expect(reason == .endOfFile)
    }

    @Test func closeEndsCloseAfterWriting() throws {
        var recorder: Recorder?
        try LoopTest.run { test in
            let (writer, reader) = try test.streams(.unix)
            recorder = test.record(writer)
            writer.write([UInt8](repeating: 0, count: 2_000_000))
            writer.closeAfterWriting()
            writer.close()
            let reading = test.record(reader)
            reading.keepsBytes = false
            reading.onClosed = { _ in test.loop.stop() }
        }
        #expect(recorder?.closed == [])
    }

    @Test func resetWhileClosingIsReported() throws {
        var recorder: Recorder?
        try LoopTest.run { test in
            let (writer, reader) = try test.streams(.unix)
            recorder = test.record(writer)
            writer.write([UInt8](repeating: 0, count: 2_000_000))
            writer.closeAfterWriting()
            recorder?.onClosed = { _ in test.loop.stop() }
            reader.close()
        }
        try #require(recorder?.closed.count == 1)
        #expect(recorder?.closed != [.finished])
    }

    /// In a process of its own, where no other test opens any.
    @Test func nothingIsLeftOpen() async {
        await #expect(processExitsWith: .success) {
            // Only what the loop opens: the runtime's threads come and go with descriptors of their own.
            func openDescriptors() throws -> [String] {
                try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").compactMap { name in
                    let path = "/proc/self/fd/" + name
                    let target = (try? FileManager.default.destinationOfSymbolicLink(atPath: path)) ?? ""
                    return target.hasPrefix("socket:") || target == "/dev/null" ? name + " " + target : nil
                }.sorted()
            }
            let before = try openDescriptors()
            do {
                let loop = try EventLoop()
                let recorders = (0..<20).map { _ in Recorder() }
                for recorder in recorders {
                    let (left, right) = try SocketKind.unix.connectedDescriptors()
                    let streams = (SocketStream(adopting: left, loop: loop), SocketStream(adopting: right, loop: loop))
                    streams.0.handler = recorder
                    streams.0.write([UInt8](repeating: 0, count: 1_000_000))
                    // Kept by the loop until it ends.
                    streams.1.closeAfterWriting()
                    recorder.onClosed = { _ in _ = streams }
                    streams.0.close()
                }
                let listener = try SocketListener(.ip("127.0.0.1", port: 0), loop: loop) { _ in }
                loop.connect(to: listener.localAddress, timeout: .seconds(5)) { _ in }
                loop.schedule(after: .milliseconds(5)) { loop.stop() }
                loop.run()
            }
            if try openDescriptors() != before { exit(1) }
        }
    }
}
