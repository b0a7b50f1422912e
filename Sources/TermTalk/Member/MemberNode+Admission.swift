internal import EventLoop
internal import Room
internal import SecureSession

// Getting in on a connection that is not the continuation of an earlier one.

extension MemberNode {
    /// Asks to be let in; with a password only after the host has shown that it knows it, too.
    func join() {
        var actions: [MemberClient.Action] = []
        client.now = loop.time
        client.connected(actions: &actions)
        guard let password, let hostKey else {
            perform(actions)
            return
        }
        do throws(SessionError) {
            let admission = try MemberAdmission(
                password: password, credentials: credentials, hostKey: hostKey,
                handshakeHash: session?.handshakeHash ?? [])
            send(admission.first)
            self.admission = consume admission
            afterAdmission = actions
        } catch {
            streamFailed(error)
        }
    }

    /// A message of a host that has not shown the password yet. Nothing of the room is believed it.
    func receivedAtDoor(type: UInt8, body: [UInt8]) throws(SessionError) {
        guard AdmissionMessage.isAdmission(type: type) else {
            guard let message = try? HostMessage(type: type, body: body), case .refused(let code) = message else {
                throw .malformed
            }
            guard !hasJoined || code != .rateLimited else { throw .malformed }
            admission = nil
            end(.lost, code.refusal)
            return
        }
        let message = try AdmissionMessage(type: type, body: body)
        guard let step = try admission?.received(message) else { throw .malformed }
        switch step {
        case .send(let answer):
            send(answer)
        case .admitted:
            admission = nil
            if !hasJoined, trust == .new || trust == .none, let hostKey {
                onNewHostKey?(hostKey)
            }
            let actions = afterAdmission
            afterAdmission = []
            perform(actions)
        }
    }

    private func send(_ message: AdmissionMessage) {
        send(message.encoded)
    }
}
