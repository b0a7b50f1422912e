internal import Chat
internal import Discovery
internal import EventLoop
internal import TermTalk
internal import Transport

/// The rooms that are announced on the local networks now.
enum LANRooms {
    /// A room that is shown to everybody.
    struct Shown: Hashable {
        let name: String
        let room: String
        let address: String
    }

    /// How long to look: twice what hosts take to answer.
    private static let deadline = Duration.milliseconds(2_500)

    /// Looks for `deadline`. Blocks.
    static func find() throws(ChatEvent.Notice) -> (shown: [Shown], hiddenCount: Int) {
        guard let loop = try? EventLoop() else {
            throw ChatEvent.Notice(.internalError, "the event loop cannot be made")
        }
        var shown: [Shown] = []
        var hidden: Set<[UInt8]> = []
        do throws(DiscoveryError) {
            let search = try RoomSearch(loop: loop, room: nil) { found in
                guard let room = found.announcement.shown else {
                    hidden.insert(found.announcement.tag.bytes)
                    return
                }
                // One line a room, however many addresses it has.
                guard !shown.contains(where: { $0.room == room.room }) else { return }
                shown.append(Shown(name: room.name, room: room.room, address: found.address.description))
            }
            loop.schedule(after: deadline) { loop.stop() }
            loop.run()
            withExtendedLifetime(search) {}
        } catch {
            throw error.notice
        }
        return (shown.sorted { ($0.name, $0.room) < ($1.name, $1.room) }, hidden.count)
    }
}
