import EventLoop
import Foundation
import Logging
import Testing

@testable import TorController

private let logger = Logger(label: "test")

/// Options that look at nothing of this machine.
private func options(
    control: SocketAddress? = nil, mode: TorOptions.Mode, purpose: TorOptions.Purpose = .publish, include: URL? = nil
) -> TorOptions {
    var options = TorOptions(control: control, mode: mode, purpose: purpose)
    options.controlCandidates = [.unix(path: "/nonexistent/control")]
    options.socksCandidates = [.unix(path: "/nonexistent/socks")]
    options.include = include?.path
    return options
}

@Suite(.serialized, .enabled(if: SingleTor.isInstalled, "no tor is installed"))
struct TorControllerTests {
    @Test func addsTheSameServiceAgainAfterTorWasKilled() throws {
        let tor = try SingleTor("CookieAuthentication 1")
        let key = OnionKey()
        let address = key.address
        var events: [TorEvent] = []
        var onionEvents: [OnionEvent] = []
        var collision: ControlReply?
        try runLoop { loop, finish in
            let controller = TorController(
                loop: loop, options: options(control: tor.control, mode: .system), logger: logger)
            controller.start { event in
                events.append(event)
                if case .controlLost(_, let attempt) = event, attempt == 2 { try? tor.start() }
                guard event == .controlRestored else { return }
                // Another connection finds the address taken: the service is there again.
                let copy = key.clone()
                _ = TorDiscovery(candidates: [TorEndpoint(tor.control, .named)], password: nil, loop: loop) { result in
                    guard case .success(let found) = result else { return }
                    found.connection.send(.addOnion(key: copy, virtualPort: 1, target: .tcp(port: 1))) { result in
                        collision = try? result.get()
                        found.connection.close()
                        controller.shutdown(completion: finish)
                    }
                }
            }
            controller.publish(key: key, virtualPort: 12345, target: .tcp(port: 1)) { event in
                onionEvents.append(event)
                if onionEvents == [.adding] { tor.kill() }
            }
        }
        #expect(events.first == .connecting)
        #expect(events.dropFirst().first == .bootstrap(progress: 0, summary: "Starting") || events.count >= 4)
        #expect(events.last(where: { if case .bootstrap = $0 { false } else { true } }) == .controlRestored)
        #expect(onionEvents == [.adding, .lost, .adding])
        #expect(collision?.status == 550)
        #expect(address.serviceID.count == 56)
    }

    @Test func deletesTheServiceAtShutdown() throws {
        let tor = try SingleTor()
        let key = OnionKey()
        var reply: ControlReply?
        try runLoop { loop, finish in
            let controller = TorController(
                loop: loop, options: options(control: tor.control, mode: .system), logger: logger)
            let copy = key.clone()
            controller.start { event in
                guard case .bootstrap = event else { return }
                controller.shutdown {
                    _ = TorDiscovery(candidates: [TorEndpoint(tor.control, .named)], password: nil, loop: loop) {
                        result in
                        guard case .success(let found) = result else { return }
                        found.connection.send(.addOnion(key: copy, virtualPort: 1, target: .tcp(port: 1))) { result in
                            reply = try? result.get()
                            found.connection.close()
                            finish()
                        }
                    }
                }
            }
            controller.publish(key: key, virtualPort: 1, target: .tcp(port: 1)) { _ in }
        }
        #expect(reply?.status == 250)
    }

    @Test func reportsAServiceSomebodyElseHas() throws {
        let tor = try SingleTor()
        let key = OnionKey()
        var events: [OnionEvent] = []
        try runLoop { loop, finish in
            let copy = key.clone()
            _ = TorDiscovery(candidates: [TorEndpoint(tor.control, .named)], password: nil, loop: loop) { result in
                guard case .success(let found) = result else { return }
                let other = found.connection
                other.send(.addOnion(key: copy, virtualPort: 1, target: .tcp(port: 1))) { _ in
                    let controller = TorController(
                        loop: loop, options: options(control: tor.control, mode: .system), logger: logger)
                    controller.start { _ in }
                    controller.publish(key: copy, virtualPort: 1, target: .tcp(port: 1)) { event in
                        events.append(event)
                        if case .failed = event {
                            other.close()
                            controller.shutdown(completion: finish)
                        }
                    }
                }
            }
        }
        #expect(events == [.adding, .failed(.publishFailed(.collision))])
    }

    @Test func failsWithoutATorToTalkTo() throws {
        let nothing = SocketAddress.unix(path: "/nonexistent/control")
        var auto = options(mode: .auto)
        auto.program = "no-such-program-as-this"
        for (options, error) in [
            (options(control: nothing, mode: .auto), TorError.unreachable(.nothingListens(nothing))),
            (options(mode: .system), .unreachable(.nothingListens(nothing))),
            (auto, .unreachable(.noProgram("no-such-program-as-this"))),
        ] {
            var events: [TorEvent] = []
            try runLoop { loop, finish in
                let controller = TorController(loop: loop, options: options, logger: logger)
                controller.start { event in
                    events.append(event)
                    if case .failed = event { controller.shutdown(completion: finish) }
                }
            }
            #expect(events == [.connecting, .failed(error)])
        }
    }

    @Test func needsNoControlForDialing() throws {
        let folder = try SingleTor.makeFolder()
        defer { try? FileManager.default.removeItem(at: folder) }
        let socks = SocketAddress.unix(path: folder.appending(path: "socks").path)
        var known = TorOptions(socks: socks, purpose: .dial)
        known.controlCandidates = [.unix(path: "/nonexistent/control")]
        var found = options(mode: .auto, purpose: .dial)
        found.socksCandidates = [.unix(path: "/nonexistent/socks"), socks]
        for options in [known, found] {
            var events: [TorEvent] = []
            try runLoop { loop, finish in
                let listener = try SocketListener(socks, loop: loop) { stream in
                    stream.handler = Handler(onBytes: { _ in stream.write([5, 2].span) })
                }
                let controller = TorController(loop: loop, options: options, logger: logger)
                controller.start { event in
                    events.append(event)
                    guard case .ready = event else { return }
                    #expect(controller.socksEndpoints.map(\.address) == [socks] && !controller.hasControl)
                    listener.close()
                    controller.shutdown(completion: finish)
                }
            }
            #expect(events == [.connecting, .ready(version: nil, managed: false)])
        }
    }

    /// Each time that it is lost.
    @Test("A tor that comes back and stands still has not failed: it is told once, and what it does then is heard")
    func comesBackAndStandsStill() throws {
        var events: [TorEvent] = []
        try runLoop { loop, finish in
            var phase = "PROGRESS=100 TAG=done SUMMARY=\"Done\""
            let tor = try ScriptedTor(loop: loop) { command in
                guard command == "GETINFO status/bootstrap-phase" else { return nil }
                return "250-status/bootstrap-phase=NOTICE BOOTSTRAP \(phase)\r\n250 OK"
            }
            var options = TorOptions(control: tor.control, mode: .system)
            options.stallTimeout = .milliseconds(200)
            let controller = TorController(loop: loop, options: options, logger: logger)
            let lose = {
                phase = "PROGRESS=14 TAG=handshake SUMMARY=\"Handshaking with a relay\""
                tor.hangUp()
            }
            controller.start { event in
                if case .controlLost = event { return }
                events.append(event)
                switch (event, events.count { if case .stalled = $0 { true } else { false } }) {
                case (.ready, _): loop.atEndOfTurn(lose)
                case (.stalled, 1):
                    // Long enough to be told again.
                    loop.schedule(after: .milliseconds(600)) {
                        tor.tell("STATUS_CLIENT NOTICE BOOTSTRAP PROGRESS=100 TAG=done SUMMARY=\"Done\"")
                        loop.schedule(after: .milliseconds(100), lose)
                    }
                case (.stalled, _): controller.shutdown(completion: finish)
                default: break
                }
            }
        }
        let summary = "Handshaking with a relay"
        let again: [TorEvent] = [
            .controlRestored, .bootstrap(progress: 14, summary: summary),
            .stalled(.bootstrapStalled(progress: 14, summary: summary, warning: nil)),
        ]
        #expect(events == [.connecting, .ready(version: "0.4.5.16", managed: false)] + again + again)
    }
}
