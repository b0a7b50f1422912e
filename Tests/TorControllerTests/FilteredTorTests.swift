import EventLoop
import Foundation
import Logging
import Testing

@testable import TorController

/// A filter stands in front of the control port of a real tor, as on Whonix and Tails.
@Suite(.serialized, .enabled(if: SingleTor.isInstalled, "no tor is installed"))
struct FilteredTorTests {
    private static let logger = Logger(label: "test")

    /// Nor is this tor's bootstrap known, which has no network.
    private static func refusesServices(_ command: String) -> FilteringProxy.Verdict {
        ["ADD_ONION", "GETINFO status/bootstrap-phase"].contains { command.hasPrefix($0) } ? .refused : .passed
    }

    /// What is told by a controller that uses a tor behind a filter, until it is ready or has failed.
    private func run(
        _ purpose: TorOptions.Purpose, verdict: @escaping (String) -> FilteringProxy.Verdict,
        onReady: @escaping (TorController, @escaping () -> Void) -> Void = { controller, finish in
            controller.shutdown(completion: finish)
        }
    ) throws -> [TorEvent] {
        let tor = try SingleTor()
        var events: [TorEvent] = []
        try runLoop { loop, finish in
            let proxy = try FilteringProxy(to: tor.control, loop: loop, verdict: verdict)
            var options = TorOptions(mode: .system, purpose: purpose)
            options.controlCandidates = [proxy.control]
            options.socksCandidates = [.unix(path: "/nonexistent/socks")]
            let controller = TorController(loop: loop, options: options, logger: Self.logger)
            controller.start { event in
                events.append(event)
                switch event {
                case .ready:
                    onReady(controller) {
                        _ = proxy
                        finish()
                    }
                case .failed: controller.shutdown(completion: finish)
                default: break
                }
            }
        }
        return events
    }

    @Test(
        "Where everything is refused a joiner dials all the same, at once",
        arguments: [TorOptions.Purpose.dial, .publish])
    func everythingRefused(purpose: TorOptions.Purpose) throws {
        let events = try run(purpose, verdict: { _ in .refused })
        #expect(events == [.connecting, .ready(version: "0.4.9.11", managed: false)])
    }

    @Test("Where ADD_ONION is refused the host is told so, and not that its tor is too old")
    func addOnionRefused() throws {
        var told: [OnionEvent] = []
        _ = try run(.publish, verdict: Self.refusesServices) {
            controller, finish in
            controller.publish(key: OnionKey(), virtualPort: 1, target: .tcp(port: 1)) { event in
                told.append(event)
                if case .failed = event { controller.shutdown(completion: finish) }
            }
        }
        #expect(told == [.adding, .failed(.filtered(command: "ADD_ONION"))])
    }

    @Test("Where nothing is answered a joiner goes to the SOCKS port")
    func nothingAnsweredForDialing() throws {
        let folder = try SingleTor.makeFolder()
        defer { try? FileManager.default.removeItem(at: folder) }
        let socks = SocketAddress.unix(path: folder.appending(path: "socks").path)
        let tor = try SingleTor()
        var events: [TorEvent] = []
        try runLoop { loop, finish in
            let listener = try SocketListener(socks, loop: loop) { stream in
                stream.handler = Handler(onBytes: { _ in stream.write([5, 2].span) })
            }
            let proxy = try FilteringProxy(to: tor.control, loop: loop, verdict: { _ in .swallowed })
            var options = TorOptions(mode: .system, purpose: .dial)
            options.controlCandidates = [proxy.control]
            options.socksCandidates = [socks]
            let controller = TorController(loop: loop, options: options, logger: Self.logger)
            controller.start { event in
                events.append(event)
                guard case .ready = event else { return }
                #expect(controller.socksEndpoints.map(\.address) == [socks] && !controller.hasControl)
                _ = proxy
                listener.close()
                controller.shutdown(completion: finish)
            }
        }
        #expect(events == [.connecting, .ready(version: nil, managed: false)])
    }

    @Test("Where nothing is answered a host says so")
    func nothingAnsweredForHosting() throws {
        let events = try run(.publish, verdict: { _ in .swallowed })
        #expect(events.count == 2 && events.first == .connecting)
        guard case .failed(.unreachable(.noAnswer))? = events.last else { return #expect(Bool(false), "\(events)") }
    }
}
