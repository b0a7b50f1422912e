import Testing

@testable import Discovery

@Suite struct RoomAnnouncementTests {
    private static func strings(_ texts: [String]) -> [[UInt8]] { texts.map { Array($0.utf8) } }
    private static let tag = "t=" + String(repeating: "ab", count: 24)

    @Test func onlyWhoKnowsTheRoomRecognisesIt() throws {
        let announcement = RoomAnnouncement(room: "a3f5d7b9e2c4f6a8", name: nil)
        let read = try #require(RoomAnnouncement(strings: announcement.strings))
        #expect(read == announcement)
        #expect(read.tag.isOf(room: "a3f5d7b9e2c4f6a8") && !read.tag.isOf(room: "a3f5d7b9e2c4f6a9"))
        #expect(read.shown == nil)
        #expect(!String(decoding: announcement.strings.joined(), as: UTF8.self).contains("a3f5d7b9e2c4f6a8"))
        #expect(RoomAnnouncement(room: "a3f5d7b9e2c4f6a8", name: nil).tag != announcement.tag, "it changes")
    }

    /// Python: hmac.new(b"room", b"TermTalk LAN tag 1" + bytes(range(8)), "blake2b").digest()[:16]
    @Test func theTagIsTheDocumentedOne() throws {
        let proof: [UInt8] = [
            0xe0, 0xa3, 0x7f, 0x99, 0x29, 0x86, 0xb7, 0xcb, 0xc0, 0x78, 0xd2, 0x86, 0xe9, 0x30, 0x8b, 0xec,
        ]
        #expect(try #require(AnnouncementTag(bytes: Array(0..<8) + proof)).isOf(room: "room"))
    }

    @Test func aNameIsShown() throws {
        let read = try #require(RoomAnnouncement(strings: RoomAnnouncement(room: "r", name: "Küche").strings))
        #expect(read.shown == .init(name: "Küche", room: "r"))
    }

    @Test("A room id that does not fit the tag is not believed")
    func shownRoomMustFit() throws {
        var strings = RoomAnnouncement(room: "r", name: "name").strings
        strings[3] = Array("r=other".utf8)
        #expect(try #require(RoomAnnouncement(strings: strings)).shown == nil)
    }

    @Test func nameAtTheLimitAndPastIt() throws {
        let name = String(repeating: "x", count: RoomAnnouncement.nameLimit)
        #expect(RoomAnnouncement(strings: RoomAnnouncement(room: "r", name: name).strings)?.shown?.name == name)
        #expect(RoomAnnouncement(strings: RoomAnnouncement(room: "r", name: name + "x").strings)?.shown == nil)
        let room = String(repeating: "r", count: RoomAnnouncement.roomLimit)
        #expect(RoomAnnouncement(strings: RoomAnnouncement(room: room, name: "n").strings)?.shown?.room == room)
        #expect(RoomAnnouncement(strings: RoomAnnouncement(room: room + "r", name: "n").strings)?.shown == nil)
    }

    @Test func stringsAtTheLimitAndPastIt() {
        let filling = Array(repeating: "x=y", count: RoomAnnouncement.stringLimit - 2)
        #expect(RoomAnnouncement(strings: Self.strings(filling + ["v=1", Self.tag])) != nil)
        #expect(RoomAnnouncement(strings: Self.strings(filling + ["x", "v=1", Self.tag])) == nil)
    }

    @Test(
        arguments: [
            [], ["v=1"], [tag], ["v=2", tag], ["v=1", "t="], ["v=1", "t=abc"], ["v=1", tag + "ab"],
            ["v=1", "t=" + String(repeating: "xy", count: 24)], ["=", "=1", ""], ["v=2", "v=1", tag],
        ])
    func whatIsNoAnnouncement(texts: [String]) {
        #expect(RoomAnnouncement(strings: Self.strings(texts)) == nil)
    }

    @Test func bytesThatAreNoText() {
        #expect(RoomAnnouncement(strings: [[0xFF, 0xFE], [0]] + Self.strings(["v=1", Self.tag])) != nil)
        #expect(RoomAnnouncement(strings: [[0xFF, 0xFE]]) == nil)
    }

    @Test func unknownKeysAreLeftOut() {
        #expect(RoomAnnouncement(strings: Self.strings(["v=1", "x=y", Self.tag, "V=9", "z"])) != nil)
    }
}
