package import Chat
package import EventLoop
internal import SharedLog
internal import Sodium

/// Asks a registry, on the loop.
package final class RegistryClient {
    /// How long one answer may take, connecting included; through tor longer.
    private static let patience = Duration.seconds(8)
    private static let torPatience = Duration.seconds(45)
    /// Rooms that are listed at most, and how often it is asked for more.
    static let listingLimit = 200
    private static let scanLimit = 100

    enum Written: Equatable {
        case done
        /// Somebody else's record stands there, and was left alone.
        case taken
    }

    private let client: RedisClient

    /// - Parameter dial: how to come to the registry; nil for as it is.
    package init(loop: EventLoop, access: RegistryAccess, dial: RedisConnection.Dial? = nil) {
        client = RedisClient(
            loop: loop, location: access.location, password: access.password,
            answerTimeout: dial == nil ? Self.patience : Self.torPatience, dial: dial)
    }

    /// Forgets what is under way.
    package func close() { client.close() }

    /// What stands under the name; nil when there is nothing.
    func find(_ name: String, then: @escaping (Result<[UInt8]?, RedisFailure>) -> Void) {
        ask(["GET", name]) { result in
            then(result.flatMap { if case .bytes(let bytes) = $0 { .success(bytes) } else { .failure(.notRedis) } })
        }
    }

    /// Writes `value` for so long, unless something stands there that `isOthers` says is another's.
    func write(
        _ value: [UInt8], to name: String, for lifetime: Duration, isOthers: @escaping ([UInt8]) -> Bool,
        isWanted: @escaping () -> Bool, then: @escaping (Result<Written, RedisFailure>) -> Void
    ) {
        find(name) { [client] found in
            guard isWanted() else { return }
            do throws(RedisFailure) {
                if let bytes = try found.get(), isOthers(bytes) { return then(.success(.taken)) }
                let milliseconds = "\(Int64(lifetime / .milliseconds(1)))"
                let words = [Array("SET".utf8), Array(name.utf8), value, Array("PX".utf8), Array(milliseconds.utf8)]
                client.ask(words) { then($0.map { _ in .done }) }
            } catch {
                then(.failure(error))
            }
        }
    }

    /// Removes what stands there, if it is this host's.
    func remove(_ name: String, ifOwn isOwn: @escaping ([UInt8]) -> Bool, then: @escaping () -> Void) {
        find(name) { [weak self] found in
            guard let self, case .success(let bytes?) = found, isOwn(bytes) else { return then() }
            self.ask(["DEL", name]) { _ in then() }
        }
    }

    /// The rooms that are shown to everybody, and whether there are more.
    package func list(
        now: Int64, then: @escaping (Result<(rooms: [RegistryListing], isWhole: Bool), ChatEvent.Notice>) -> Void
    ) {
        scan(from: "0", names: [], rounds: 1) { [weak self] result in
            do throws(RedisFailure) {
                let (names, isWhole) = try result.get()
                guard let self, !names.isEmpty else { return then(.success(([], isWhole))) }
                self.ask(["MGET"] + names) { answer in
                    then(
                        answer.map { value in
                            (Self.listings(in: value, of: names, now: now), isWhole)
                        }.mapError { .registryUnreachable($0) })
                }
            } catch {
                then(.failure(.registryUnreachable(error)))
            }
        }
    }

    private static func listings(in value: RESPValue, of names: [String], now: Int64) -> [RegistryListing] {
        guard case .array(let values?) = value else { return [] }
        return zip(names, values).compactMap { name, value in
            guard case .bytes(let bytes?) = value, let listing = RegistryListing(bytes),
                RegistryListing.key(of: listing.room) == name, listing.record.isCurrent(now: now)
            else { return nil }
            return listing
        }
    }

    private func scan(
        from cursor: String, names: Set<String>, rounds: Int,
        then: @escaping (Result<([String], isWhole: Bool), RedisFailure>) -> Void
    ) {
        ask(["SCAN", cursor, "MATCH", "\(RegistryListing.prefix)*", "COUNT", "1000"]) { [weak self] result in
            do throws(RedisFailure) {
                guard case .array(let parts?) = try result.get(), parts.count == 2,
                    case .bytes(let bytes?) = parts[0], case .array(let found?) = parts[1]
                else { throw .notRedis }
                var names = names
                for case .bytes(let name?) in found where names.count <= Self.listingLimit {
                    names.insert(String(decoding: name, as: UTF8.self))
                }
                let next = String(decoding: bytes.prefix(32), as: UTF8.self)
                let isOver = next == "0"
                if let self, !isOver, names.count <= Self.listingLimit, rounds < Self.scanLimit {
                    return self.scan(from: next, names: names, rounds: rounds + 1, then: then)
                }
                let shown = Array(names.sorted().prefix(Self.listingLimit))
                then(.success((shown, isOver && shown.count == names.count)))
            } catch {
                then(.failure(error))
            }
        }
    }

    private func ask(_ words: [String], then: @escaping (Result<RESPValue, RedisFailure>) -> Void) {
        client.ask(words.map { Array($0.utf8) }, then: then)
    }
}
