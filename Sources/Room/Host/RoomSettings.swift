internal import Chat
internal import Wire

/// What the host has set in a room. Whoever comes in is told.
package struct RoomSettings {
    /// Whether nobody new may come in.
    package internal(set) var isLocked = false
    /// What the host says the room is about; empty for nothing.
    var topic = ""
    /// Each member, but not the host, may post once in that time; zero for as often as it likes.
    private(set) var slowInterval = Duration.zero
    /// The onion service at which the room is now, where that is another one than at first.
    package internal(set) var movedTo: OnionPlace?
    /// Where the hosts are that hold the room together. No part of a snapshot: whoever holds the room knows it.
    package var hostPlaces: [HostPlace] = []

    /// Up to ``ChatLimits/slowestSeconds``; 0 for no slow mode.
    mutating func setSlowMode(seconds: Int64) {
        slowInterval = .seconds(min(max(seconds, 0), ChatLimits.slowestSeconds))
    }

    var slowMode: HostMessage { .slowMode(UInt32(clamping: slowInterval.components.seconds)) }

    /// What is told to those who come in.
    var messages: [HostMessage] {
        var messages: [HostMessage] = []
        if !topic.isEmpty { messages.append(.topicChanged(topic)) }
        if isLocked { messages.append(.lockChanged(true)) }
        if slowInterval > .zero { messages.append(slowMode) }
        if let movedTo { messages.append(.moved(movedTo)) }
        if !hostPlaces.isEmpty { messages.append(.hosts(hostPlaces)) }
        return messages
    }
}

extension RoomSettings {
    init(reading reader: inout StateReader) throws(WireError) {
        isLocked = try reader.readBool()
        topic = try reader.readText(atMost: ChatLimits.remarkByteCount)
        slowInterval = try reader.readInterval()
        movedTo = try reader.readOptional { reader throws(WireError) in
            let key = try reader.readBytes(atMost: OnionPlace.keyByteCount)
            guard key.count == OnionPlace.keyByteCount, let port = UInt16(exactly: try reader.readUInt64()) else {
                throw .invalidValue
            }
            return OnionPlace(key: key, port: port)
        }
    }

    func write(to writer: inout StateWriter) {
        writer.write(isLocked)
        writer.write(topic)
        writer.write(interval: slowInterval)
        writer.write(optional: movedTo) { writer, place in
            writer.write(place.key)
            writer.write(UInt64(place.port))
        }
    }
}
