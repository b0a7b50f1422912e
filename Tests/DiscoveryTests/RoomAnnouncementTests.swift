import Testing

@testable import Discovery

@Suite struct RoomAnnouncementTests {
    private static func strings(_ texts: [String]) -> [[UInt8]] { texts.map { Array($0.utf8) } }
    private static let tag = String(repeating: "ab", count: 24)

    private static func read(_ announcement: RoomAnnouncement) -> RoomAnnouncement? {
        RoomAnnouncement(name: announcement.tag.name, strings: announcement.strings)
    }

    @Test func onlyWhoKnowsTheRoomRecognisesIt() throws {
        let announcement = RoomAnnouncement(room: "a3f5d7b9e2c4f6a8", name: nil)
        let read = try #require(Self.read(announcement))
        #expect(read == announcement)
        #expect(read.tag.isOf(room: "a3f5d7b9e2c4f6a8") && !read.tag.isOf(room: "a3f5d7b9e2c4f6a9"))
        #expect(read.shown == nil)
        let words = announcement.strings + [Array(announcement.tag.name.utf8)]
        #expect(!String(decoding: words.joined(), as: UTF8.self).contains("a3f5d7b9e2c4f6a8"))
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
        let read = try #require(Self.read(RoomAnnouncement(room: "r", name: "Küche")))
        #expect(read.shown == .init(name: "Küche", room: "r"))
    }

    @Test("A room id that does not fit the tag is not believed")
    func shownRoomMustFit() throws {
        let announcement = RoomAnnouncement(room: "r", name: "name")
        var strings = announcement.strings
        strings[2] = Array("r=other".utf8)
        #expect(try #require(RoomAnnouncement(name: announcement.tag.name, strings: strings)).shown == nil)
    }

    @Test func nameAtTheLimitAndPastIt() throws {
        let name = String(repeating: "x", count: RoomAnnouncement.nameLimit)
        #expect(Self.read(RoomAnnouncement(room: "r", name: name))?.shown?.name == name)
        #expect(Self.read(RoomAnnouncement(room: "r", name: name + "x"))?.shown == nil)
        let room = String(repeating: "r", count: RoomAnnouncement.roomLimit)
        #expect(Self.read(RoomAnnouncement(room: room, name: "n"))?.shown?.room == room)
        #expect(Self.read(RoomAnnouncement(room: room + "r", name: "n"))?.shown == nil)
    }

    @Test func stringsAtTheLimitAndPastIt() {
        let filling = Array(repeating: "x=y", count: RoomAnnouncement.stringLimit - 1)
        #expect(RoomAnnouncement(name: Self.tag, strings: Self.strings(filling + ["v=1"])) != nil)
        #expect(RoomAnnouncement(name: Self.tag, strings: Self.strings(filling + ["x", "v=1"])) == nil)
    }

    @Test(
        arguments: [
            (tag, []), (tag, ["v=2"]), (tag, ["=", "=1", ""]), (tag, ["v=2", "v=1"]), ("", ["v=1"]), ("abc", ["v=1"]),
            (tag + "ab", ["v=1"]), (tag + "a", ["v=1"]), (tag + " #2", ["v=1"]),
            (String(repeating: "xy", count: 24), ["v=1"]),
        ])
    func whatIsNoAnnouncement(name: String, texts: [String]) {
        #expect(RoomAnnouncement(name: name, strings: Self.strings(texts)) == nil)
    }

    @Test func bytesThatAreNoText() {
        #expect(RoomAnnouncement(name: Self.tag, strings: [[0xFF, 0xFE], [0]] + Self.strings(["v=1"])) != nil)
        #expect(RoomAnnouncement(name: Self.tag, strings: [[0xFF, 0xFE]]) == nil)
    }

    @Test func unknownKeysAreLeftOut() {
        #expect(RoomAnnouncement(name: Self.tag, strings: Self.strings(["v=1", "x=y", "V=9", "z"])) != nil)
    }
}
