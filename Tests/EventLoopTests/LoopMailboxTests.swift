import Foundation
import Testing

@testable import EventLoop

@Suite struct LoopMailboxTests {
    @Test("What other threads send comes on the loop, all of it and in its order")
    func order() throws {
        let loop = try EventLoop()
        var received: [Int] = []
        let mailbox = try #require(
            LoopMailbox<Int>(loop: loop) { numbers in
                received += numbers
                if received.count == 10_000 { loop.stop() }
            })
        let sender = mailbox.sender
        Thread { for number in 0..<10_000 { sender.send(number) } }.start()
        loop.run()
        #expect(received == Array(0..<10_000))
        mailbox.close()
    }

    @Test("After it was closed nothing comes")
    func closed() throws {
        let loop = try EventLoop()
        let mailbox = try #require(LoopMailbox<Int>(loop: loop) { _ in Issue.record("it is closed") })
        mailbox.sender.send(1)
        mailbox.close()
        loop.schedule(after: .milliseconds(20)) { loop.stop() }
        loop.run()
    }
}
