internal import Chat
internal import EventLoop
internal import Room
internal import Sodium
internal import TorController
internal import Transport

// A room that changes its onion address: one that is attacked is left behind, with those who know nothing but that.

extension OnionHost {
    /// Moves follow each other no faster than members follow them.
    static let moveInterval = MoveLimit.interval * 2
    /// How long the service of before stays for members who have not followed yet.
    static let moveDeadline = Duration.seconds(300)
    private static let lookInterval = Duration.seconds(2)

    enum Move {
        case none
        /// The new service is on its way to tor's directories.
        case publishing(OnionListener, OnionKeyBox, hasFollowed: (OnionPlace) -> Bool)
        /// The room is at the new one; the one before goes when all have followed, or then.
        case leaving(OnionListener, until: Duration, hasFollowed: (OnionPlace) -> Bool, TimerHandle)

        /// The one that is not the room's.
        var listener: OnionListener? {
            switch self {
            case .none: nil
            case .publishing(let listener, _, _), .leaving(let listener, _, _, _): listener
            }
        }
    }

    /// Publishes another service, ``Event/moved`` to it, and takes the one before down when nobody is left there.
    ///
    /// - Parameters:
    ///   - clients: who may resolve the service; nil for everybody.
    ///   - hasFollowed: whether nobody is left who came by another one.
    /// - Throws: not-permitted when there is no service yet, or it has been changed just now.
    func startMove(
        clients: Set<X25519.PublicKey>?, hasFollowed: @escaping (OnionPlace) -> Bool
    ) throws(ChatEvent.Notice) {
        guard case .published = phase, case .none = move,
            movedAt.map({ tor.loop.time - $0 >= Self.moveInterval }) != false
        else {
            throw .movedJustNow
        }
        guard moves < KeptRoom.moveLimit else {
            throw .movedTooOften
        }
        let key = OnionKeyBox(kept: kept, moves: moves + 1)
        let address = RoomAddress.onion(key.key.address, port: port)
        tell(.told(.starting(.onionPublish, progress: 0)))
        do throws(ListenError) {
            let listener = try OnionListener(
                controller: tor, key: key.key.clone(), virtualPort: port, options: .init(clients: clients),
                onAccept: { [onAccept] in onAccept($0, address.onionPlace) },
                onEvent: { [weak self] event in self?.newServiceEvent(event, of: address) })
            listener.onExhausted = { [weak self] in self?.tell(.exhausted) }
            listener.isUnderAttack = isUnderAttack
            move = .publishing(listener, key, hasFollowed: hasFollowed)
        } catch {
            throw error.notice
        }
    }

    private func newServiceEvent(_ event: OnionEvent, of address: RoomAddress) {
        guard !isClosed else { return }
        guard case .publishing(let listener, let key, let hasFollowed) = move,
            listener.address.publicKey == address.onionKey
        else { return onionEvent(event, of: address) }
        switch event {
        case .published:
            guard let before = self.listener else { return }
            self.key = key
            moves += 1
            movedAt = tor.loop.time
            move = .leaving(
                before, until: tor.loop.time + Self.moveDeadline, hasFollowed: hasFollowed, lookLater())
            tell(.told(.starting(.onionPublish, progress: 100)))
            tell(.moved)
            dialOurselves(listener)
        case .failed(let error):
            endMove()
            tell(.told(.warning(error.notice)))
        case .closedSilentCircuits(let count): tell(.closedCircuits(count))
        case .adding, .withoutProofOfWork, .uploading, .lost, .republished, .keysInForce: break
        }
    }

    private func lookLater() -> TimerHandle {
        tor.loop.schedule(after: Self.lookInterval) { [weak self] in self?.look() }
    }

    private func look() {
        guard case .leaving(let before, let until, let hasFollowed, _) = move, let place = address.onionPlace
        else { return }
        if tor.loop.time >= until || hasFollowed(place) {
            endMove()
        } else {
            move = .leaving(before, until: until, hasFollowed: hasFollowed, lookLater())
        }
    }

    /// Takes down the service that is not the room's.
    func endMove() {
        move.listener?.close()
        if case .leaving(_, _, _, let timer) = move { timer.cancel() }
        move = .none
    }
}
