package import EventLoop
internal import Room
internal import SecureSession
internal import Sodium

// Dialing, and coming back.

extension MemberNode {
    package func start() {
        tell(.starting(.dial, progress: nil))
        connect()
    }

    func connect() {
        dialing = dial { [weak self] result in
            guard let self else { return }
            self.dialing = nil
            guard !self.hasEnded else {
                if case .success(let stream) = result { stream.close() }
                return
            }
            switch result {
            case .success(let stream): self.connected(stream)
            case .failure(let notice):
                self.handshakes.isOver()
                self.attemptFailed(notice)
            }
        }
    }

    func connected(_ stream: any ByteStream) {
        var events: [SessionEvent] = []
        do throws(SessionError) {
            session = try newSession(events: &events)
        } catch {
            stream.close()
            attemptFailed(error.notice)
            return
        }
        handshakes.connected(now: loop.time)
        if !hasJoined {
            tell(.starting(.handshake, progress: nil))
            tellOfWaiting()
        }
        hasHeardFromPeer = false
        admission = nil
        self.stream = stream
        stream.handler = self
        handle(events)
        rescheduleTimer()
    }

    func newSession(events: inout [SessionEvent]) throws(SessionError) -> SecureSession {
        clearReceipts()
        if hasJoined, let old = session.take(), let id = client.id {
            // Also where it broke before the host had let this member in again.
            client.connectionLost()
            return try SecureSession(
                initiator: credentials, goingOnFrom: old, session: id.wireValue, now: loop.time, events: &events)
        }
        receiptGate = ReceiptGate()
        return try SecureSession(initiator: credentials, now: loop.time, events: &events)
    }

    /// A connection could not be made, or broke before it was part of the room.
    ///
    /// - Parameter isFinal: whether trying again cannot help; a connection that just ends proves nothing.
    func attemptFailed(_ notice: ChatEvent.Notice, isFinal: Bool = false) {
        if ending != nil {
            finish()
        } else if tryAnotherWay?() == true {
            firstFailure = firstFailure ?? notice
            connect()
        } else if !hasJoined, notice.code == .hostBusy, mayWaitForBusyHost() {
            firstFailure = nil
            pauseBeforeNextTry(cause: notice.code.rawValue)
        } else if hasJoined, !isFinal {
            firstFailure = nil
            pauseBeforeNextTry(cause: notice.code.rawValue)
        } else {
            end(.lost, firstFailure ?? notice)
        }
    }

    private func mayWaitForBusyHost() -> Bool {
        let since = busySince ?? loop.time
        busySince = since
        return loop.time - since < Self.busyPatience
    }

    func connectionBroke(cause: String) {
        stream = nil
        isInRoom = false
        client.connectionLost()
        files.connectionLost()
        timer?.cancel()
        if ending != nil {
            finish()
            return
        }
        schedule.lost(now: loop.time)
        pauseBeforeNextTry(cause: cause)
    }

    /// A member comes back as long as there is a room; one that only waits to leave gives up sooner.
    func pauseBeforeNextTry(cause: String) {
        schedule.lost(now: loop.time)
        let now = loop.time
        if let roomEnd, now >= roomEnd + Self.endTolerance {
            giveUp(.ttl, cause: cause, "the room's time is over, and the host could not be reached again")
            return
        }
        if let leavingSince, now - max(leavingSince, schedule.lostAt ?? now) >= Self.deliveryPatience {
            giveUp(.lost, cause: cause, "the host could not be reached again")
            return
        }
        var pause = schedule.nextPause(now: now, random: random())
        if let roomEnd {
            pause = min(pause, max(roomEnd + Self.endTolerance - now, ReconnectSchedule.firstPause))
        }
        tell(
            .connection(
                .init(
                    state: .reconnecting, attempt: schedule.attempt,
                    retryInMilliseconds: Int(pause / .milliseconds(1)), cause: cause)))
        timer = loop.schedule(after: pause) { [weak self] in self?.connect() }
    }

    func giveUp(_ reason: ChatEvent.CloseReason, cause: String, _ why: String) {
        tell(.connection(.init(state: .lost, attempt: schedule.attempt, cause: cause)))
        let count = client.outboxCount
        guard reason != .ttl || count > 0 else {
            end(reason, nil)
            return
        }
        let waiting =
            switch count {
            case 0: why
            case 1: "1 message was not delivered: \(why)"
            default: "\(count) messages were not delivered: \(why)"
            }
        end(reason, ChatEvent.Notice(reason == .ttl ? .roomExpired : .connectionLost, waiting, count: count))
    }

    /// Something happened (a network came back) that makes a try worth while now.
    package func tryNow() {
        guard schedule.isLost, stream == nil, dialing == nil, !hasEnded else { return }
        timer?.cancel()
        connect()
    }

    /// The machine has slept: whatever the connection looks like, the host and everything in between have given it up.
    package func woke() {
        connectAgain(cause: "sleep")
    }

    /// The machine's networks have changed: a connection from an address that it no longer has is dead.
    package func networkChanged(hasAddress: (SocketAddress) -> Bool) {
        let local = (stream as? SocketStream)?.localAddress
        guard local.map(hasAddress) != true else { return }
        connectAgain(cause: "network")
    }

    private func connectAgain(cause: String) {
        guard isInRoom, stream != nil, ending == nil else { return tryNow() }
        stream?.close()
        connectionBroke(cause: cause)
        tryNow()
    }
}
