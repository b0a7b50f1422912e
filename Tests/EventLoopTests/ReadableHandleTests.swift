import EventLoop
import Foundation
import Testing

@Suite struct ReadableHandleTests {
    /// Reads until the end through a watch.
    private func readAll(_ descriptor: Int32, chunk: Int = 4096, afterSetUp: () -> Void = {}) throws -> [UInt8] {
        var bytes: [UInt8] = []
        try LoopTest.run { test in
            var handle: ReadableHandle?
            handle = test.loop.watchReadable(descriptor) {
                var buffer = [UInt8](repeating: 0, count: chunk)
                let count = read(descriptor, &buffer, chunk)
                if count > 0 {
                    bytes += buffer.prefix(count)
                } else {
                    handle?.cancel()
                    test.loop.schedule(after: .milliseconds(1)) { test.loop.stop() }
                }
            }
            afterSetUp()
        }
        return bytes
    }

    @Test func pipe() throws {
        var ends: [Int32] = [-1, -1]
        try #require(Glibc.pipe(&ends) == 0)
        let bytes = try readAll(ends[0]) {
            write(ends[1], "hello", 5)
            close(ends[1])
        }
        close(ends[0])
        #expect(bytes.text == "hello")
    }

    @Test func nullDevice() throws {
        let descriptor = open("/dev/null", O_RDONLY)
        defer { close(descriptor) }
        #expect(try readAll(descriptor).isEmpty)
    }

    @Test(arguments: [1, 7, 4096]) func regularFile(chunk: Int) throws {
        let path = temporaryPath()
        let content = (0..<1000).map { UInt8(truncatingIfNeeded: $0) }
        try Data(content).write(to: URL(filePath: path))
        let descriptor = open(path, O_RDONLY)
        defer {
            close(descriptor)
            unlink(path)
        }
        #expect(try readAll(descriptor, chunk: chunk) == content)
    }

    @Test func pseudoTerminal() throws {
        let (controller, terminal) = try openTerminal()
        defer {
            close(controller)
            close(terminal)
        }
        var line = ""
        try LoopTest.run { test in
            test.loop.watchReadable(terminal) {
                var buffer = [UInt8](repeating: 0, count: 100)
                let count = read(terminal, &buffer, 100)
                line = Array(buffer.prefix(max(0, count))).text
                test.loop.stop()
            }
            write(controller, "typed\n", 6)
        }
        #expect(line == "typed\n")
    }

    @Test func badDescriptorIsCalledSoThatReadingTells() throws {
        var code: Int32 = 0
        try LoopTest.run { test in
            test.loop.watchReadable(-1) {
                var byte: UInt8 = 0
                if read(-1, &byte, 1) < 0 { code = errno }
                test.loop.stop()
            }
        }
        #expect(code == EBADF)
    }

    @Test func anEndlessFileLeavesRoomForOthers() throws {
        let descriptor = open("/dev/null", O_RDONLY)
        defer { close(descriptor) }
        var calls = 0
        try LoopTest.run { test in
            test.loop.watchReadable(descriptor) { calls += 1 }
            test.loop.schedule(after: .milliseconds(5)) { test.loop.stop() }
        }
        #expect(calls > 0)
    }

    private func openTerminal() throws -> (Int32, Int32) {
        // The numbers of TIOCSPTLCK and TIOCGPTN, which are macros that Swift does not see.
        let controller = open("/dev/ptmx", O_RDWR | O_NOCTTY)
        var lock: Int32 = 0
        var number: UInt32 = 0
        try #require(ioctl(controller, 0x4004_5431, &lock) == 0)
        try #require(ioctl(controller, 0x8004_5430, &number) == 0)
        let terminal = open("/dev/pts/\(number)", O_RDWR | O_NOCTTY)
        try #require(terminal >= 0)
        return (controller, terminal)
    }
}
