internal import Chat
internal import Room
internal import RoomStore

extension KeptRoom {
    /// An open store, and what was in it; nil when it is new.
    struct Opened: Sendable {
        let store: RoomStore
        let recovered: RecoveredRoom?
    }

    /// Opens the room's store, or makes one. Blocks.
    ///
    /// - Throws: a notice that says what is wrong with it; nothing was overwritten then.
    func open(report: @escaping @Sendable (StoreReport) -> Void) throws(ChatEvent.Notice) -> Opened {
        guard let place else { preconditionFailure("only a room with a place is kept") }
        let key = storeKey
        do throws(StoreError) {
            do throws(StoreError) {
                let (store, recovered) = try RoomStore.open(
                    in: place.folder, name: place.name, key: key, report: report)
                return Opened(store: store, recovered: recovered)
            } catch {
                guard error == .notFound else { throw error }
                let store = try RoomStore.create(in: place.folder, name: place.name, key: key, report: report)
                return Opened(store: store, recovered: nil)
            }
        } catch {
            throw error.notice
        }
    }
}
