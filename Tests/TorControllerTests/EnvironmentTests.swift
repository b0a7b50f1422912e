import EventLoop
import Foundation
import Sodium
import TestSupport
import Testing

@testable import TorController

/// What Tails, Whonix, Tor Browser and others say in the environment. It is that of this whole process.
@Suite(.serialized)
struct EnvironmentTests {
    /// The options under these variables and no others that speak of tor.
    private static func options(_ variables: [String: String]) -> TorOptions {
        for (name, value) in variables { setenv(name, value, 1) }
        defer { for name in variables.keys { unsetenv(name) } }
        var options = TorOptions(purpose: .dial)
        options.readEnvironment()
        return options
    }

    @Test func namesThePorts() {
        let ports = Self.options(["TOR_CONTROL_PORT": "9151", "TOR_SOCKS_PORT": "9150"])
        #expect(ports.controlEndpoints.first == TorEndpoint(.ip("127.0.0.1", port: 9151), .named))
        #expect(ports.controlEndpoints.dropFirst().allSatisfy { $0.source == .found })
        #expect(ports.socksEndpoints == [TorEndpoint(.ip("127.0.0.1", port: 9150), .named)])
        #expect(!ports.needsOnlySocks)
        #expect(Self.options(["TOR_SOCKS_PORT": "9150"]).needsOnlySocks)

        let hosts = Self.options([
            "TOR_CONTROL_HOST": "10.152.152.10", "TOR_CONTROL_PORT": "9051", "TOR_SOCKS_HOST": "::1",
            "TOR_SOCKS_PORT": "9050",
        ])
        #expect(hosts.usualControl == .ip("10.152.152.10", port: 9051))
        #expect(hosts.usualSocks == .ip("::1", port: 9050))
        let paths = Self.options([
            "TOR_CONTROL_IPC_PATH": "/run/c", "TOR_CONTROL_PORT": "1", "TOR_SOCKS_IPC_PATH": "/run/s",
        ])
        #expect(paths.usualControl == .unix(path: "/run/c") && paths.usualSocks == .unix(path: "/run/s"))
        // Kubernetes gives such names another meaning.
        let other = Self.options(["TOR_CONTROL_PORT": "tcp://10.0.0.1:9051", "TOR_SOCKS_HOST": "x"])
        #expect(other.usualControl == nil && other.usualSocks == nil)
    }

    @Test func whatIsNamedOtherwiseGoesFirst() {
        setenv("TOR_CONTROL_PORT", "9151", 1)
        setenv("TOR_SOCKS_PORT", "9150", 1)
        defer {
            unsetenv("TOR_CONTROL_PORT")
            unsetenv("TOR_SOCKS_PORT")
        }
        let (control, socks) = (SocketAddress.unix(path: "/c"), SocketAddress.unix(path: "/s"))
        var options = TorOptions(control: control, socks: socks, purpose: .dial)
        options.readEnvironment()
        #expect(options.controlEndpoints == [TorEndpoint(control, .named)])
        #expect(options.socksEndpoints == [TorEndpoint(socks, .named)])
    }

    @Test(arguments: [("secret", "secret"), ("\"secret\"", "secret"), ("\"", "\""), ("\"\"", "\"\"")])
    func givesThePassword(_ value: String, _ password: String) {
        let secret = Self.options(["TOR_CONTROL_PASSWD": value]).password
        #expect(secret?.bytes.withBytes { span in span.indices.map { span[$0] } } == Array(password.utf8))
    }

    /// No program that is started is told a password.
    @Test func keepsSecretsFromChildren() throws {
        let folder = try SingleTor.makeFolder()
        defer { try? FileManager.default.removeItem(at: folder) }
        let (program, seen) = (folder.appending(path: "tor"), folder.appending(path: "seen"))
        let source = folder.appending(path: "source")
        try Data("#!/bin/sh\nenv >'\(seen.path)'\necho 'Tor version 0.4.9.11.'\n".utf8).write(to: source)
        chmod(source.path, 0o755)
        // Another process writes what is run: a file that a test of another thread has inherited open is busy.
        let copy = try Process.run(URL(filePath: "/bin/cp"), arguments: [source.path, program.path])
        copy.waitUntilExit()
        let secrets = ["TERMTALK_TOR_PASSWORD": "first-secret", "TOR_CONTROL_PASSWD": "second-secret"]
        for (name, value) in secrets { setenv(name, value, 1) }
        defer { for name in secrets.keys { unsetenv(name) } }
        #expect(TorProgram.version(of: program.path) == .version("0.4.9.11"))
        let text = try String(contentsOf: seen, encoding: .utf8)
        #expect(text.contains("PATH=") && !text.contains("secret"))
    }

    @Test func readsAPortFile() {
        #expect(SocketAddress(controlPortFile: "PORT=127.0.0.1:9051\n") == .ip("127.0.0.1", port: 9051))
        #expect(SocketAddress(controlPortFile: "UNIX_PORT=/run/c\nPORT=127.0.0.1:1\n") == .unix(path: "/run/c"))
        #expect(SocketAddress(controlPortFile: "PORT=0.0.0.0:7\n") == .ip("127.0.0.1", port: 7))
        for text in ["", "PORT=", "PORT=x", "\n\n=", "OTHER=127.0.0.1:1", "PORT"] {
            #expect(SocketAddress(controlPortFile: text) == nil)
        }
    }

    @Test func findsDebiansInstances() throws {
        let folder = try SingleTor.makeFolder()
        defer { try? FileManager.default.removeItem(at: folder) }
        #expect(TorOptions.instances(in: folder.path).isEmpty)
        for name in ["b", "a", String(repeating: "x", count: 100)] {
            try FileManager.default.createDirectory(
                at: folder.appending(path: name), withIntermediateDirectories: false)
        }
        #expect(
            TorOptions.instances(in: folder.path)
                == ["a", "b"].map { .unix(path: "\(folder.path)/\($0)/control") })
        for number in 0..<20 {
            try FileManager.default.createDirectory(
                at: folder.appending(path: "n\(number)"), withIntermediateDirectories: false)
        }
        #expect(TorOptions.instances(in: folder.path).count == 16)
        let accounts = TorAccounts(passwd: "_tor-a:x:120:130::/:/bin/false\n_tor-b:x:1200:1::/:/bin/sh", own: 7)
        #expect(accounts.users == [0, 7, 120])
    }
}
