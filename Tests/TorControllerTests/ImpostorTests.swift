import EventLoop
import Foundation
import Logging
import PrivateTorNetwork
import TestSupport
import Testing

@testable import TorController

/// Somebody else on this machine listens where tor is looked for.
@Suite(.enabled(if: NobodyProcess.isAvailable, Comment(rawValue: NobodyProcess.need)))
struct ImpostorTests {
    private static let greeting = hex(Array("PROTOCOLINFO 1\r\n".utf8))

    @Test(arguments: ImpostorTor.Kind.allCases.filter { $0 != .socks }, [false, true])
    func isToldNothing(_ kind: ImpostorTor.Kind, isUnix: Bool) throws {
        let impostor = try ImpostorTor(kind, isUnix: isUnix)
        let address = impostor.path.map { SocketAddress.unix(path: $0) } ?? .ip("127.0.0.1", port: impostor.port)
        #expect(try discover([address], .found, password: "secret") == .failure(.untrusted(.owner(address))))
        #expect(impostor.heard() == Self.greeting)
    }

    /// Whoever is named is believed.
    @Test func isBelievedWhenThePersonNamesIt() throws {
        let impostor = try ImpostorTor(.null)
        #expect(try discover([.ip("127.0.0.1", port: impostor.port)]).get() == "0.4.9.11")
    }

    @Test(.enabled(if: SingleTor.isInstalled, "no tor is installed")) func doesNotHideTheRightTor() throws {
        let tor = try SingleTor("CookieAuthentication 1")
        let impostor = try ImpostorTor(.null)
        let address = SocketAddress.ip("127.0.0.1", port: impostor.port)
        var options = TorOptions(mode: .system)
        options.controlCandidates = [address, tor.control]
        var first: [TorEvent] = []
        try runLoop { loop, finish in
            let controller = TorController(loop: loop, options: options, logger: Logger(label: "test"))
            controller.start { event in
                first.append(event)
                if first.count == 3 { controller.shutdown(completion: finish) }
            }
        }
        #expect(first.prefix(2) == [.connecting, .distrusted(.untrusted(.owner(address)))])
        if case .bootstrap = first[2] {} else { Issue.record("\(first[2])") }
        #expect(impostor.heard() == Self.greeting)
    }

    /// It has waited for tor to end, and takes its port.
    @Test(.enabled(if: SingleTor.isInstalled, "no tor is installed")) func doesNotInheritAPublication() throws {
        let port = try LoopbackAddress.unusedPort()
        let tor = try SingleTor("CookieAuthentication 1", "ControlPort 127.0.0.1:\(port)")
        let address = SocketAddress.ip("127.0.0.1", port: port)
        var options = TorOptions(mode: .system)
        options.controlCandidates = [address]
        var impostor: ImpostorTor?
        var events: [TorEvent] = []
        try runLoop { loop, finish in
            let controller = TorController(loop: loop, options: options, logger: Logger(label: "test"))
            controller.start { event in
                events.append(event)
                if case .distrusted = event { controller.shutdown(completion: finish) }
            }
            controller.publish(key: OnionKey(), virtualPort: 1, target: .tcp(port: 1)) { event in
                guard event == .adding, impostor == nil else { return }
                tor.kill()
                impostor = try? ImpostorTor(.null, port: port)
            }
        }
        #expect(events.contains(.distrusted(.untrusted(.owner(address)))))
        #expect(try #require(impostor).heard().replacing(Self.greeting, with: "") == "")
    }

    @Test(arguments: [false, true]) func isNoSocksPort(isUnix: Bool) throws {
        let impostor = try ImpostorTor(.socks, isUnix: isUnix)
        let address = impostor.path.map { SocketAddress.unix(path: $0) } ?? .ip("127.0.0.1", port: impostor.port)
        var errors: [TorError] = []
        try runLoop { loop, finish in
            SocksDialer.dial(
                .init(host: "a.onion", port: 80), via: [TorEndpoint(address, .found)],
                timeout: .seconds(60), loop: loop
            ) { result in
                if case .failure(let error) = result { errors.append(error) }
                var options = TorOptions(mode: .system, purpose: .dial)
                options.controlCandidates = [.unix(path: "/nonexistent/control")]
                options.socksCandidates = [address]
                let controller = TorController(loop: loop, options: options, logger: Logger(label: "test"))
                controller.start { event in
                    guard case .failed(let error) = event else { return }
                    errors.append(error)
                    controller.shutdown(completion: finish)
                }
            }
        }
        #expect(errors == [.untrusted(.owner(address)), .untrusted(.owner(address))])
        // Version, one method, user name: no name, no host.
        #expect(impostor.heard() == "050102050102")
    }

    /// A file of the person's that it names is not read for it.
    @Test func namesACookieFile() throws {
        let folder = try SingleTor.makeFolder()
        defer { try? FileManager.default.removeItem(at: folder) }
        let file = folder.appending(path: "cookie").path
        func read(_ source: TorEndpoint.Source, _ path: String) -> String {
            switch CookieFile.read(path: Array(path.utf8), source: source) {
            case .cookie: "cookie"
            case .untrusted: "untrusted"
            default: "other"
            }
        }
        try Data(count: 32).write(to: URL(filePath: file))
        #expect(read(.found, file) == "cookie")
        let link = folder.appending(path: "link").path
        #expect(symlink(file, link) == 0)
        #expect(read(.found, link) == "untrusted" && read(.named, link) == "cookie")
        #expect(chown(file, NobodyProcess.user, NobodyProcess.user) == 0)
        #expect(read(.found, file) == "untrusted" && read(.named, file) == "cookie")
    }

    @Test func accountsOfTor() {
        let passwd = """
            root:x:0:0:root:/root:/bin/bash
            nobody:x:65534:65534::/:/usr/sbin/nologin
            debian-tor:x:102:105::/var/lib/tor:/bin/false
            tor:x:1001:1001:Tor Hansen:/home/tor:/bin/bash
            toranon:x:x:1:::
            broken
            """
        #expect(TorAccounts(passwd: passwd, own: 1_000).users == [0, 102, 1_000])
        #expect(!TorAccounts(passwd: passwd, own: 1_000).include(.unknown))
    }
}
