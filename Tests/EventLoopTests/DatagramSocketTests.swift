import EventLoop
import Testing

@Suite struct DatagramSocketTests {
    @Test("A packet comes as it was sent, one that is too long is cut off, and one to nowhere is dropped")
    func packets() throws {
        let loop = try EventLoop()
        let port = UInt16.random(in: 20_000..<30_000)
        var received: [[UInt8]] = []
        let receiver = try #require(
            DatagramSocket(at: .ip("127.0.0.1", port: port), loop: loop) {
                received.append($0)
                if received.count == 3 { loop.stop() }
            })
        let sender = try #require(DatagramSocket(at: .ip("127.0.0.1", port: 0), loop: loop) { _ in })
        sender.send([1], to: .unix(path: "/nowhere"))
        sender.send([1], to: .ip("not an address", port: 1))
        for count in [1, 0, DatagramSocket.packetLimit + 1] {
            sender.send([UInt8](repeating: 7, count: count), to: .ip("127.0.0.1", port: port))
        }
        loop.schedule(after: .seconds(30)) { loop.stop() }
        loop.run()
        #expect(received.map(\.count) == [1, 0, DatagramSocket.packetLimit])
        withExtendedLifetime((sender, receiver)) {}
    }

    @Test func anAddressThatIsNotOurs() throws {
        let loop = try EventLoop()
        #expect(DatagramSocket(at: .ip("192.0.2.1", port: 0), loop: loop) { _ in } == nil)
        #expect(DatagramSocket(at: .unix(path: "/x"), loop: loop) { _ in } == nil)
    }
}
