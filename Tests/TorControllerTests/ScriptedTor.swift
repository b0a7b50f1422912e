import EventLoop
import Foundation

@testable import TorController

/// A control port that answers as tors do that are not installed here: what it is asked is kept, what it answers is up to
/// the test. It serves one connection at a time, without authentication.
final class ScriptedTor {
    let control: SocketAddress
    private(set) var commands: [String] = []
    private let folder: URL
    private let answer: (String) -> String?
    private var listener: SocketListener?
    private var stream: SocketStream?
    private var rest = ""

    /// - Parameter answer: the reply to a command, without its line end; nil for `250 OK`.
    init(loop: EventLoop, answer: @escaping (String) -> String?) throws {
        folder = try SingleTor.makeFolder()
        control = .unix(path: folder.appending(path: "control").path)
        self.answer = answer
        listener = try SocketListener(control, loop: loop) { [weak self] stream in
            self?.stream = stream
            self?.rest = ""
            stream.handler = Handler(onBytes: { self?.received($0) })
        }
    }

    deinit {
        try? FileManager.default.removeItem(at: folder)
    }

    /// The commands that begin so.
    func commands(_ prefix: String) -> [String] { commands.filter { $0.hasPrefix(prefix) } }

    /// tor tells something by itself.
    func tell(_ events: String...) {
        for event in events { stream?.write(Array("650 \(event)\r\n".utf8).span) }
    }

    /// tor ends, and with it the connection.
    func hangUp() {
        let stream = self.stream
        self.stream = nil
        stream?.close()
    }

    private func received(_ bytes: [UInt8]) {
        rest += String(decoding: bytes, as: UTF8.self)
        while let end = rest.firstRange(of: "\r\n") {
            let command = String(rest[..<end.lowerBound])
            rest = String(rest[end.upperBound...])
            commands.append(command)
            let reply = answer(command) ?? Self.usual(command)
            stream?.write(Array("\(reply)\r\n".utf8).span)
        }
    }

    private static func usual(_ command: String) -> String {
        switch command {
        case "PROTOCOLINFO 1": "250-PROTOCOLINFO 1\r\n250-AUTH METHODS=NULL\r\n250-VERSION Tor=\"0.4.5.16\"\r\n250 OK"
        case "GETINFO status/bootstrap-phase":
            "250-status/bootstrap-phase=NOTICE BOOTSTRAP PROGRESS=100 TAG=done SUMMARY=\"Done\"\r\n250 OK"
        default: "250 OK"
        }
    }
}
