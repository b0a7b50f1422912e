import Room
import Testing
import Wire

@testable import TermTalk

@Suite struct SharedTermsTests {
    @Test("Hosts whose rooms do different things with the same inputs do not agree")
    func otherVersion() throws {
        let terms = SharedTerms(RoomLimits(), hasPassword: true, isInviteOnly: false, timeToLive: .seconds(60))
        var writer = ByteWriter()
        terms.write(to: &writer)
        var bytes = writer.bytes
        var reader = ByteReader(bytes)
        #expect(try SharedTerms(reading: &reader).agree(with: terms))
        #expect(bytes[0] == Room.version)
        bytes[0] += 1
        reader = ByteReader(bytes)
        #expect(try !SharedTerms(reading: &reader).agree(with: terms))
    }
}
