import Foundation
import PrivateTorNetwork
import TestSupport
import Testing

private let hasNoTor =
    !FileManager.default.fileExists(atPath: "/run/tor/control")
    && [9050, 9051, 9150, 9151].allSatisfy { (try? BlockingSocket(port: $0)) == nil }

/// Another user of this machine listens where tor is looked for: the person is told, and it learns nothing.
@Suite(
    .serialized,
    .enabled(if: NobodyProcess.isAvailable, Comment(rawValue: NobodyProcess.need)),
    .enabled(if: hasNoTor, "this machine has a tor where it is looked for"))
struct ImpostorTorTests {
    private static let greeting = hex(Array("PROTOCOLINFO 1\r\n".utf8))
    private static let room = "the-secret-room"
    private static let onion = "2gzyxa5ihm7nsggfxnu52rck2vv4rvmdlkiu3zzui5du4xyclen53wid.onion"

    @Test(arguments: ImpostorTor.Kind.allCases.filter { $0 != .socks }, [9051, 9151] as [UInt16])
    func controlPort(_ kind: ImpostorTor.Kind, _ port: UInt16) async throws {
        let impostor = try ImpostorTor(kind, port: port)
        try await expectFailure(
            ["host", "--room", Self.room, "--tor", "system"], code: "tor-untrusted", status: 77,
            environment: ["TERMTALK_TOR_PASSWORD": "secret"])
        #expect(impostor.heard().replacing(Self.greeting, with: "") == "")
    }

    @Test(arguments: [9050, 9150] as [UInt16]) func socksPort(_ port: UInt16) async throws {
        let impostor = try ImpostorTor(.socks, port: port)
        try await expectFailure(
            ["join", Self.room, "--onion", Self.onion, "--tor", "system"], code: "tor-untrusted", status: 77)
        #expect(impostor.heard().replacing("050102", with: "") == "")
    }

    @Test func doctor() async throws {
        let impostor = try ImpostorTor(.null, port: 9051)
        let found = try await DoctorTests.examine(["--tor", "system"])
        #expect(found.status == 77)
        #expect(found.lines["tor-control"]?.code == "tor-untrusted")
        #expect(found.lines["tor-control"]?.hint?.contains("--tor-control") == true)
        #expect(impostor.heard() == Self.greeting)
    }

    /// Without a tor that is believed an own one is started, and the host hears why.
    @Test(.enabled(if: PrivateTorNetwork.isAvailable, "needs tor, tor-gencert and setpriv"))
    func ownTorInstead() async throws {
        let network = try await PrivateTorNetwork.shared()
        let impostor = try ImpostorTor(.safeCookie, port: 9051)
        let hosted = try await HostedRoom.onion(
            [], environment: ["TERMTALK_TOR_INCLUDE": network.managedInclude.path])
        let warning = try await hosted.host.event("warning")
        #expect(warning.code == "tor-untrusted")
        hosted.host.send("/quit")
        #expect(try await hosted.host.result().status == 0)
        #expect(impostor.heard() == Self.greeting)
    }
}
