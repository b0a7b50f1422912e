import Chat
import Foundation
import SecureSession
import Sodium
import Synchronization
import TermTalk
import TestSupport
import Wire

@testable import Room

/// A host that lets in whoever comes, each into a group of its own, and then says what it likes.
final class HostileHost: Sendable {
    let invite: String
    /// Somebody whom it lists besides its member, and whom it can call what it likes.
    static let other = MemberID(entropy: 77)
    private let messages: Mutex<[HostMessage]> = Mutex([])

    /// - Parameter nick: what it calls its member, and the other one.
    init(nick: String) throws {
        SodiumLibrary.initialize()
        let (listener, port) = try LoopbackSocket.listening()
        let secret = InviteSecret()
        let key = X25519.PrivateKey()
        let room = RoomName.random()
        invite =
            Invite(
                room: room, address: try RoomAddress("127.0.0.1:\(port)"), hostKey: key.publicKey, creatorKey: nil,
                secret: secret
            ).text
        let identity = RoomIdentity(
            prologue: Prologue(room: room.description, onionKey: nil), staticKey: key, invites: [secret],
            acceptsOpen: true)
        let box = IdentityBox(identity)
        Thread { [weak self] in
            let connection = accept(listener, nil, nil)
            close(listener)
            guard connection >= 0 else { return }
            let link = AttackerLink(host: box.identity, socket: BlockingSocket(accepted: connection))
            while let self, (try? self.serve(link, nick: nick)) == true {}
        }.start()
    }

    /// The next thing that it says to its member.
    func say(_ message: HostMessage) {
        messages.withLock { $0.append(message) }
    }

    private func serve(_ link: AttackerLink, nick: String) throws -> Bool {
        guard try link.receive(milliseconds: 20) else { return false }
        for message in link.takeMessages() {
            guard case .join(_, let id, _)? = try? MemberRequest(type: message.type, body: message.body) else {
                continue
            }
            let admission = HostMessage.RoomState(
                member: id, secondsLeft: nil, nextSequence: 1,
                members: [.init(id: id, isHost: false, nick: nick)])
            for answer in [
                .present([.init(id: Self.other, isHost: true, nick: nick)]), HostMessage.admitted(admission),
            ] {
                try link.send(type: answer.encoded.type, body: answer.encoded.body)
            }
        }
        let next = messages.withLock { $0.isEmpty ? nil : $0.removeFirst() }
        if let next, link.isOpen { try link.send(type: next.encoded.type, body: next.encoded.body) }
        return true
    }
}

/// Only the host's thread uses what is inside.
private final class IdentityBox: @unchecked Sendable {
    let identity: RoomIdentity

    init(_ identity: RoomIdentity) {
        self.identity = identity
    }
}
