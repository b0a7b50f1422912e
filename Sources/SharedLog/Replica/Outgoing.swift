/// Something that a host wrote or is going to write.
struct Outgoing: Hashable, Sendable {
    let number: UInt64
    let time: UInt64
    let content: LogContent
}
