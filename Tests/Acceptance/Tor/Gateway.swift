import Foundation
import PrivateTorNetwork
import Synchronization
import Testing

/// A machine of its own whose only way out leads to this one, where tor is: neither's loopback is the other's, as with Whonix'
/// workstation and gateway, or a container and its host.
struct Gateway {
    private static let count = Mutex(0)

    /// Here, as the workstation sees it.
    let address: String
    let workstation: LabMachine
    /// There, as tor sees it.
    let workstationAddress: String

    init() async throws {
        let number = Self.count.withLock { count in
            count += 1
            return count
        }
        // Documentation addresses (RFC 5737), which nobody else has.
        address = "198.51.100.\(number * 4 + 1)"
        workstationAddress = "198.51.100.\(number * 4 + 2)"
        workstation = try await LabMachine("workstation")
        let home = try TestHome()
        let commands = """
            ip link add gateway\(number) type veth peer name eth0 netns /proc/\(workstation.pid)/ns/net &&
            ip addr add \(address)/30 dev gateway\(number) && ip link set gateway\(number) up
            """
        let result = try await TermTalkProcess(
            program: "/bin/sh", ["-c", commands], home: home,
            environment: ["PATH": "/usr/sbin:/usr/bin:/sbin:/bin"]
        ).result()
        try #require(result.status == 0, "\(result.errors)")
        try await workstation.run("ip addr add \(workstationAddress)/30 dev eth0 && ip link set eth0 up")
    }

    /// The real onion-grater before a tor's control port, listening here; nothing is changed in it but where its profiles are and
    /// which port of tor's it connects to, which are fixed there.
    func startFilter(for tor: TorProcess, profiles: [String]) async throws -> (TermTalkProcess, control: String) {
        let home = try TestHome()
        let folder = "\(home.path)/profiles"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: false)
        for profile in profiles {
            try FileManager.default.copyItem(
                atPath: profile, toPath: "\(folder)/\(URL(filePath: profile).lastPathComponent)")
        }
        let source = try String(contentsOfFile: try #require(OnionGrater.path), encoding: .utf8)
            .replacing("/etc/onion-grater.d/", with: "\(folder)/")
            .replacing("\"9052\"", with: "\"\(try #require(tor.controlPort))\"")
        let program = try home.write("onion-grater", source)
        let port = try LoopbackAddress.unusedPort()
        let filter = try TermTalkProcess(
            program: "/usr/bin/python3",
            [
                program, "--listen-address", address, "--listen-port", "\(port)", "--control-cookie-path",
                try #require(tor.cookiePath),
            ], home: home, environment: ["PYTHONUNBUFFERED": "1"])
        // The listener is there a moment after its word, or before.
        try await workstation.run(
            "i=0; until python3 -c 'import socket; socket.create_connection((\"\(address)\", \(port)), 1)' 2>/dev/null || "
                + "[ $i -ge 100 ]; do i=$((i+1)); sleep 0.1; done")
        return (filter, "\(address):\(port)")
    }
}

/// The control port filter of Whonix and Tails, where it is installed or was fetched (`make interop`).
enum OnionGrater {
    static let path: String? = {
        let fetched = URL(filePath: #filePath).deletingLastPathComponent()
            .appending(path: "../../../.build/interop/onion-grater").standardized.path
        let found = ["/usr/lib/onion-grater", fetched].first { FileManager.default.fileExists(atPath: $0) }
        let check = Process()
        check.executableURL = URL(filePath: "/usr/bin/python3")
        check.arguments = ["-c", "import psutil, stem, yaml"]
        check.standardError = FileHandle.nullDevice
        guard found != nil, (try? check.run()) != nil else { return nil }
        check.waitUntilExit()
        return check.terminationStatus == 0 ? found : nil
    }()
}
