import Foundation
import PrivateTorNetwork
import Testing

/// The private network itself, without code of the product.
@Suite("Private tor network", .serialized, .enabled(if: PrivateTorNetwork.isAvailable), .timeLimit(.minutes(10)))
struct PrivateTorNetworkTests {
    @Test("an onion service of the host is reached through the client")
    func onionService() async throws {
        let network = try await PrivateTorNetwork.shared()
        let service = try await OnionEcho(host: network.host)
        #expect(try await service.answers(through: network.client))

        try network.client.closeCircuits()
        #expect(try await service.answers(through: network.client))
    }

    @Test("a tor that is killed comes back where it was")
    func restart() async throws {
        let network = try await PrivateTorNetwork.shared()
        // Of its own: other suites use the network's host and client meanwhile.
        let tor = try await network.startClient()
        let pid = try #require(tor.pid)
        tor.kill()
        #expect(tor.pid == nil)
        #expect(throws: TorNetworkError.self) { try tor.query("version") }

        try tor.restart()
        try await tor.waitBootstrapped()
        #expect(tor.pid != pid)
        let service = try await OnionEcho(host: tor)
        #expect(try await service.answers(through: network.client))
        tor.terminate()
    }

    @Test("a suspended tor keeps connections and gives no answer")
    func suspend() async throws {
        let tor = try await PrivateTorNetwork.shared().startClient()
        let control = try tor.control()
        tor.suspend()
        #expect(throws: TorNetworkError.self) { try control.command("GETINFO version", seconds: 0.5) }
        tor.resume()
        #expect(try control.command("GETINFO version").first?.hasPrefix("version=") == true)
        tor.terminate()
    }

    @Test("extra clients differ as asked")
    func extraClients() async throws {
        let network = try await PrivateTorNetwork.shared()
        let stalled = try await network.startClient(.init(stalls: true))
        let locked = try await network.startClient(.init(socksFlags: [], controlPassword: "open sesame"))
        #expect(locked.cookiePath == nil)
        #expect(try locked.query("net/listeners/socks") == "\"127.0.0.1:\(try #require(locked.socksPort))\"")
        #expect(throws: TorNetworkError.self) {
            let port = try #require(locked.controlPort)
            _ = try BlockingControl(to: .port(port), .password("wrong"))
        }
        #expect(try !stalled.query("status/bootstrap-phase").contains("PROGRESS=100"))
        stalled.terminate()
        #expect(stalled.pid == nil)
    }

    @Test("two networks at once; nothing remains of the one that is stopped")
    func twoNetworks() async throws {
        let first = try await PrivateTorNetwork.shared()
        let second = try await PrivateTorNetwork.start()
        let tors = second.authorities + second.relays + [second.host, second.client]
        let pids = try tors.map { try #require($0.pid) }
        #expect(pids.count == 8)
        let service = try await OnionEcho(host: second.host)
        #expect(try await service.answers(through: second.client))
        #expect(try !service.connects(through: first.client))

        second.stop()
        for pid in pids { #expect(kill(pid, 0) == -1) }
        #expect(!FileManager.default.fileExists(atPath: second.host.logPath))
        #expect(first.host.pid != nil)
    }

    @Test("a tor with the include for managed children joins the network")
    func managedInclude() async throws {
        let network = try await PrivateTorNetwork.shared()
        let include = network.managedInclude
        let folder = include.deletingLastPathComponent().appending(path: "managed")
        try FileManager.default.createDirectory(
            at: folder, withIntermediateDirectories: false, attributes: [.posixPermissions: 0o700])
        let torrc = folder.appending(path: "torrc")
        let log = folder.appending(path: "log").path
        try Data("%include \(include.path)\nDataDirectory \(folder.path)\nSocksPort 0\n".utf8).write(to: torrc)
        let child = try ChildProcess(
            ["/usr/bin/env", "PATH=/usr/sbin:/usr/bin:/bin", "tor", "-f", torrc.path], output: log)
        defer {
            child.send(SIGKILL)
            child.wait()
        }
        try await eventually { try String(contentsOfFile: log, encoding: .utf8).contains("Bootstrapped 100%") }
    }
}

/// Polls, for what no process tells us of.
private func eventually(seconds: Double = 90, _ condition: () throws -> Bool) async throws {
    let deadline = ContinuousClock.now + .seconds(seconds)
    while try !condition() {
        try #require(ContinuousClock.now < deadline)
        try await Task.sleep(for: .milliseconds(100))
    }
}

/// A listener that sends back what it gets, published as an onion service; the service ends with this object.
private final class OnionEcho {
    private let control: BlockingControl
    private let address: String
    private static let virtualPort: UInt16 = 12345

    init(host: TorProcess) async throws {
        let port = try Self.listen()
        control = try host.control()
        try control.command("SETEVENTS HS_DESC")
        let reply = try control.command(
            "ADD_ONION NEW:ED25519-V3 Flags=DiscardPK Port=\(Self.virtualPort),127.0.0.1:\(port)")
        let serviceID = try #require(reply.first { $0.hasPrefix("ServiceID=") }).dropFirst("ServiceID=".count)
        address = "\(serviceID).onion"
        _ = try control.event("HS_DESC UPLOADED \(serviceID)")
    }

    /// Whether the echo arrives. The client may first ask a directory that has no descriptor yet.
    func answers(through client: TorProcess) async throws -> Bool {
        try await eventually { try connects(through: client) }
        return true
    }

    /// One attempt at connecting by SOCKS and sending something.
    func connects(through client: TorProcess) throws -> Bool {
        let port = try #require(client.socksPort)
        let descriptor = try connected(to: port)
        defer { close(descriptor) }
        try exchange(descriptor, [5, 1, 0], expecting: [5, 0])
        var request: [UInt8] = [5, 1, 0, 3, UInt8(address.utf8.count)] + address.utf8
        request += [UInt8(Self.virtualPort >> 8), UInt8(Self.virtualPort & 0xff)]
        let reply = try exchange(descriptor, request, count: 10)
        guard reply[1] == 0 else { return false }
        try exchange(descriptor, Array("hello".utf8), expecting: Array("hello".utf8))
        return true
    }

    private static func listen() throws -> UInt16 {
        let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let result = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(listener, $0, size) + Foundation.listen(listener, 8) + getsockname(listener, $0, &size)
            }
        }
        try #require(result == 0)
        Thread.detachNewThread {
            while case let peer = accept(listener, nil, nil), peer >= 0 {
                Thread.detachNewThread {
                    var bytes = [UInt8](repeating: 0, count: 1024)
                    while case let count = read(peer, &bytes, bytes.count), count > 0 {
                        send(peer, bytes, count, Int32(MSG_NOSIGNAL))
                    }
                    close(peer)
                }
            }
        }
        return UInt16(bigEndian: address.sin_port)
    }

    private func connected(to port: UInt16) throws -> Int32 {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        let result = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        try #require(result == 0)
        return descriptor
    }

    @discardableResult
    private func exchange(_ descriptor: Int32, _ bytes: [UInt8], count: Int) throws -> [UInt8] {
        try #require(send(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL)) == bytes.count)
        var answer: [UInt8] = []
        while answer.count < count {
            var chunk = [UInt8](repeating: 0, count: count - answer.count)
            let received = read(descriptor, &chunk, chunk.count)
            try #require(received > 0)
            answer += chunk[..<received]
        }
        return answer
    }

    private func exchange(_ descriptor: Int32, _ bytes: [UInt8], expecting answer: [UInt8]) throws {
        #expect(try exchange(descriptor, bytes, count: answer.count) == answer)
    }
}
