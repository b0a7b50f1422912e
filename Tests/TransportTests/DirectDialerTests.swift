import EventLoop
import Testing
import Transport

@Suite struct DirectDialerTests {
    private typealias Outcome = Result<DirectDialer.Connection, DialError>

    /// Dials on a loop of its own until there is an outcome.
    private func dial(_ host: String, to port: UInt16?, listeningAt address: String = "127.0.0.1") throws -> Outcome {
        let loop = try EventLoop()
        let listener = try SocketListener(.ip(address, port: 0), loop: loop) { _ in }
        if port != nil { listener.close() }
        let actual = try port ?? #require(listener.localAddress.port)
        var outcome: Outcome?
        DirectDialer.dial([.init(host: host, port: actual)], loop: loop, timeout: .seconds(20)) { result in
            outcome = result
            loop.stop()
        }
        #expect(outcome == nil, "the completion came from inside dial")
        loop.schedule(after: .seconds(30)) { loop.stop() }
        loop.run()
        listener.close()
        return try #require(outcome)
    }

    private func error(_ outcome: Outcome) -> DialError? {
        if case .failure(let error) = outcome { error } else { nil }
    }

    @Test func numericAddresses() throws {
        #expect(error(try dial("127.0.0.1", to: nil)) == nil)
        #expect(error(try dial("::1", to: nil, listeningAt: "::1")) == nil)
    }

    /// `localhost` has both addresses on most machines, and only one of them answers.
    @Test func namesTryEachAddress() throws {
        #expect(error(try dial("localhost", to: nil)) == nil)
    }

    @Test func refused() throws {
        let loop = try EventLoop()
        let listener = try SocketListener(.ip("127.0.0.1", port: 0), loop: loop) { _ in }
        listener.close()
        #expect(error(try dial("127.0.0.1", to: listener.localAddress.port)) == .refused)
    }

    /// Nothing outside tor hears such a name (RFC 7686): the resolver is not asked.
    @Test(arguments: ["x.onion", "x.ONION", "x.onion.", "www.x.Onion.", "onion", ".onion", "x.onion.."])
    func onionNamesAreNotResolved(_ name: String) throws {
        #expect(error(try dial(name, to: 1)) == .onionName)
        #expect(DirectListener.addresses(of: HostPort(host: name, port: 1)) == .failure(.onionName))
    }

    @Test(arguments: ["onion.localhost", "localhost"]) func otherNamesAre(_ name: String) throws {
        #expect(error(try dial(name, to: 1)) != .onionName)
    }

    /// A label of more than 63 bytes: the resolver knows without asking the network.
    @Test func unknownName() throws {
        #expect(error(try dial(String(repeating: "a", count: 300), to: 1)) == .nameNotFound)
    }

    /// 224.0.0.1 is a group's address (RFC 5771): TCP has no route there.
    @Test func oneOfSeveralAddressesIsEnough() throws {
        let loop = try EventLoop()
        let closed = try SocketListener(.ip("127.0.0.1", port: 0), loop: loop) { _ in }
        closed.close()
        let listener = try SocketListener(.ip("127.0.0.1", port: 0), loop: loop) { _ in }
        let good = HostPort(host: "127.0.0.1", port: try #require(listener.localAddress.port))
        let hosts = [
            HostPort(host: "224.0.0.1", port: good.port),
            HostPort(host: "127.0.0.1", port: try #require(closed.localAddress.port)), good,
        ]
        var reached: HostPort?
        DirectDialer.dial(hosts, loop: loop, timeout: .seconds(60)) { result in
            reached = try? result.get().address
            loop.stop()
        }
        loop.run()
        listener.close()
        #expect(reached == good)
    }

    @Test("What a name means is dialed only where that is allowed", arguments: ["localhost", "127.0.0.1", "::1"])
    func filter(host: String) throws {
        let loop = try EventLoop()
        let listener = try SocketListener(.ip("127.0.0.1", port: 0), loop: loop) { _ in Issue.record("it was dialed") }
        let place = HostPort(host: host, port: try #require(listener.localAddress.port))
        var asked: [IPAddress?] = []
        var outcome: Outcome?
        DirectDialer.dial([place], loop: loop, timeout: .seconds(60)) { host, address in
            #expect(host == place)
            asked.append(IPAddress(address))
            return false
        } completion: { result in
            outcome = result
            loop.stop()
        }
        loop.run()
        listener.close()
        #expect(outcome.flatMap(error) == .nameNotFound)
        #expect(!asked.isEmpty && asked.allSatisfy { $0?.scope == .loopback })
    }

    @Test func cancelledDialStaysSilent() throws {
        let loop = try EventLoop()
        var calls = 0
        let listener = try SocketListener(.ip("127.0.0.1", port: 0), loop: loop) { _ in }
        let port = try #require(listener.localAddress.port)
        let dial = DirectDialer.dial(
            [.init(host: "127.0.0.1", port: port)], loop: loop, timeout: .milliseconds(10)
        ) { _ in calls += 1 }
        dial.cancel()
        dial.cancel()
        loop.schedule(after: .milliseconds(50)) { loop.stop() }
        loop.run()
        listener.close()
        #expect(calls == 0)
    }

    @Test func timesOutAndCallsOnce() throws {
        let loop = try EventLoop()
        var outcomes: [Outcome] = []
        DirectDialer.dial([.init(host: "127.0.0.1", port: 1)], loop: loop, timeout: .zero) { result in
            outcomes.append(result)
            loop.schedule(after: .milliseconds(50)) { loop.stop() }
        }
        loop.run()
        #expect(outcomes.count == 1)
    }
}
