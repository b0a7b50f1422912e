internal import EventLoop
internal import Room
internal import SecureSession

// Connections on which the host does not answer.

extension MemberNode {
    private var isInvited: Bool { credentials.invite != nil }

    /// The connection has ended before the host has said anything, or anything of use.
    func handshakeEnded() {
        guard !hasHeardFromPeer else { return attemptFailed(.closedInHandshake(invited: isInvited)) }
        handshakes.ended(now: loop.time) ? handshakeTimedOut() : attemptFailed(.hostBusy)
    }

    /// The host has let the time pass.
    func handshakeTimedOut() {
        if hasJoined, isInvited, ending == nil, handshakes.isReopened(now: loop.time) {
            tell(.connection(.init(state: .lost, attempt: schedule.attempt, cause: NoticeCode.roomReopened.rawValue)))
            return end(.lost, .roomReopened(undelivered: client.outboxCount))
        }
        attemptFailed(.handshakeTimeout(invited: isInvited))
    }

    /// Who comes in for the first time is told what it waits for, when that takes long.
    func tellOfWaiting() {
        let connectedAt = handshakes.connectedAt
        _ = loop.schedule(after: HandshakeWatch.patience) { [weak self] in
            guard let self, !self.hasJoined, self.stream != nil, self.handshakes.connectedAt == connectedAt else {
                return
            }
            guard self.session?.isOpen == true else { return self.tell(.starting(.hostAnswer, progress: nil)) }
            guard !self.isAwaitingApproval else { return }
            self.tell(.starting(.memberAnswer, progress: nil))
        }
    }
}
