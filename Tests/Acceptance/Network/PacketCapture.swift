import Foundation
import Testing

/// What passes an interface of a `LabMachine`, in a file.
final class PacketCapture: Sendable {
    private let process: TermTalkProcess
    private let path: String

    init(_ machine: LabMachine, _ interface: String) async throws {
        path = "\(machine.home.path)/\(interface).pcap"
        process = try machine.start([
            "tcpdump", "--immediate-mode", "-Z", "root", "-U", "-i", interface, "-s", "0", "-w", path,
        ])
        try await process.errorLine { $0.contains("listening on") }
    }

    /// Ends the capture; returns the bytes of all packets.
    func finish() async throws -> Data {
        process.signal(SIGINT)
        _ = try await process.result()
        return try Data(contentsOf: URL(filePath: path))
    }
}

extension Data {
    /// Whether a text stands in the bytes.
    func contains(_ text: String) -> Bool { range(of: Data(text.utf8)) != nil }

    /// Whether an address stands in the bytes as the data of a record (RFC 1035, 3.2.1): after its length.
    func tells(_ address: [UInt8]) -> Bool { range(of: Data([0, UInt8(address.count)] + address)) != nil }
}
