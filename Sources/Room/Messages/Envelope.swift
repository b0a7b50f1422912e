internal import Wire

/// What a member seals: its words, and what it has seen of the room when it said them.
struct Envelope: Equatable {
    /// The order number of the last message that the sender had.
    var number: UInt64
    /// The sender's chain up to there.
    var chain: MessageChain.Value
    /// What the sender calls itself.
    var nick: String
    var content: [UInt8]

    var encoded: [UInt8] {
        var writer = ByteWriter(reserving: content.count + 48)
        writer.write(number)
        writer.write(chain.high)
        writer.write(chain.low)
        writer.writeVector(Array(nick.utf8))
        writer.writeBytes(content)
        return writer.bytes
    }

    init(number: UInt64, chain: MessageChain.Value, nick: String, content: [UInt8]) {
        self.number = number
        self.chain = chain
        self.nick = nick
        self.content = content
    }

    /// - Throws: ``RoomError/malformed``.
    init(decoding bytes: [UInt8]) throws(RoomError) {
        do throws(WireError) {
            var reader = ByteReader(bytes)
            number = try reader.readUInt64()
            chain = .init(high: try reader.readUInt64(), low: try reader.readUInt64())
            nick = try reader.readUTF8Vector(atMost: MemberRequest.nickLimit)
            content = try reader.readBytes(reader.remaining)
        } catch {
            throw .malformed
        }
    }
}
