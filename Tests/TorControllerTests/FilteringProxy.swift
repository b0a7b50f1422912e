import EventLoop
import Foundation

@testable import TorController

/// What onion-grater does in front of a real tor: it answers for authentication itself, and lets through what it knows.
///
/// One command at a time, as there. A tor behind it must ask for no authentication.
final class FilteringProxy {
    /// What becomes of a command.
    enum Verdict {
        case passed
        case refused
        /// Never answered, as by a proxy that hangs.
        case swallowed
    }

    let control: SocketAddress
    private let folder: URL
    private var listener: SocketListener?
    private var links: [Link] = []

    init(to tor: SocketAddress, loop: EventLoop, verdict: @escaping (String) -> Verdict) throws {
        folder = try SingleTor.makeFolder()
        control = .unix(path: folder.appending(path: "control").path)
        listener = try SocketListener(control, loop: loop) { [weak self] stream in
            self?.links.append(Link(stream, to: tor, loop: loop, verdict: verdict))
        }
    }

    deinit {
        try? FileManager.default.removeItem(at: folder)
    }

    private final class Link {
        private let client: SocketStream
        private let verdict: (String) -> Verdict
        private var tor: SocketStream?
        private var connecting: (any Cancellable)?
        private var waiting: [String] = []
        private var isBusy = true
        private var fromClient = ""
        private var fromTor = ""

        init(_ client: SocketStream, to address: SocketAddress, loop: EventLoop, verdict: @escaping (String) -> Verdict)
        {
            self.client = client
            self.verdict = verdict
            client.handler = Handler(
                onBytes: { [weak self] in self?.clientSaid($0) }, onClose: { [weak self] _ in self?.tor?.close() })
            connecting = loop.connect(to: address, timeout: .seconds(5)) { [weak self] result in
                guard let self, case .success(let stream) = result else { return client.close() }
                self.tor = stream
                stream.handler = Handler(
                    onBytes: { [weak self] in self?.torSaid($0) }, onClose: { _ in client.close() })
                stream.write(Array("AUTHENTICATE\r\n".utf8).span)
            }
        }

        private func clientSaid(_ bytes: [UInt8]) {
            fromClient += String(decoding: bytes, as: UTF8.self)
            while let end = fromClient.firstRange(of: "\r\n") {
                waiting.append(String(fromClient[..<end.lowerBound]))
                fromClient = String(fromClient[end.upperBound...])
            }
            next()
        }

        private func next() {
            while !isBusy, !waiting.isEmpty {
                let command = waiting.removeFirst()
                switch command.prefix(while: { $0 != " " }) {
                case "PROTOCOLINFO":
                    answer("250-PROTOCOLINFO 1\r\n250-AUTH METHODS=NULL\r\n250-VERSION Tor=\"0.4.9.11\"\r\n250 OK")
                case "AUTHENTICATE", "TAKEOWNERSHIP": answer("250 OK")
                default:
                    switch verdict(command) {
                    case .refused: answer("510 Command filtered")
                    case .swallowed: isBusy = true
                    case .passed:
                        isBusy = true
                        tor?.write(Array("\(command)\r\n".utf8).span)
                    }
                }
            }
        }

        private func answer(_ text: String) {
            client.write(Array("\(text)\r\n".utf8).span)
        }

        /// The first answer is that to our own AUTHENTICATE.
        private var hasAuthenticated = false

        private func torSaid(_ bytes: [UInt8]) {
            fromTor += String(decoding: bytes, as: UTF8.self)
            while let end = fromTor.firstRange(of: "\r\n") {
                let line = String(fromTor[..<end.lowerBound])
                fromTor = String(fromTor[end.upperBound...])
                if hasAuthenticated { answer(line) }
                // tor's replies that tests ask for have no data blocks.
                if !line.hasPrefix("650"), line.dropFirst(3).first == " " {
                    hasAuthenticated = true
                    isBusy = false
                }
            }
            next()
        }
    }
}
