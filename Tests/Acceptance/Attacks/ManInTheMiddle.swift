import Foundation
import SecureSession
import Sodium
import Synchronization
import TestSupport

/// Somebody between a member and its host who has a handshake with each (Noise XX, no key known beforehand), and passes on
/// every message of one to the other.
final class ManInTheMiddle: Sendable {
    let port: UInt16
    private let seen = Mutex((types: [UInt8](), bridged: 0))

    init(room: String, hostPort: UInt16) throws {
        SodiumLibrary.initialize()
        let (listener, port) = try LoopbackSocket.listening()
        self.port = port
        Thread { [weak self] in
            while case let connection = accept(listener, nil, nil), connection >= 0 {
                guard let self else { break }
                try? self.bridge(BlockingSocket(accepted: connection), room: room, hostPort: hostPort)
            }
            close(listener)
        }.start()
    }

    var address: String { "127.0.0.1:\(port)" }

    /// The types of all messages that were passed on, and how many members had a handshake at both ends.
    var relayed: (types: [UInt8], bridged: Int) { seen.withLock { $0 } }

    private func bridge(_ socket: BlockingSocket, room: String, hostPort: UInt16) throws {
        let prologue = Prologue(room: room, onionKey: nil)
        let member = AttackerLink(
            host: RoomIdentity(prologue: prologue, staticKey: X25519.PrivateKey(), invites: [], acceptsOpen: true),
            socket: socket)
        let host = try AttackerLink(
            member: JoinCredentials(
                prologue: prologue, staticKey: X25519.PrivateKey(), hostKey: nil, invite: nil), port: hostPort)
        while !member.isOpen || !host.isOpen {
            guard try member.receive(milliseconds: 20), try host.receive(milliseconds: 20) else { return }
        }
        seen.withLock { $0.bridged += 1 }
        while true {
            let memberIsThere = try member.receive(milliseconds: 10)
            try pass(member.takeMessages(), to: host)
            let hostIsThere = try host.receive(milliseconds: 10)
            try pass(host.takeMessages(), to: member)
            guard memberIsThere, hostIsThere else { return }
        }
    }

    private func pass(_ messages: [(type: UInt8, body: [UInt8])], to link: AttackerLink) throws {
        for message in messages {
            seen.withLock { $0.types.append(message.type) }
            try link.send(type: message.type, body: message.body)
        }
    }
}
