import Chat
import Sodium
import Testing

@testable import Room

@Suite struct WordListTests {
    @Test("2,048 distinct words in order, of at most eight letters, that four letters tell apart")
    func list() {
        let words = WordList.words
        #expect(words.count == 2_048 && Set(words).count == 2_048)
        #expect(words == words.sorted())
        #expect(
            words.allSatisfy { (3...8).contains($0.utf8.count) && $0.utf8.allSatisfy { (0x61...0x7A).contains($0) } })
        #expect(Set(words.map { $0.prefix(4) }).count == 2_048)
    }

    @Test("11 bits a word, the most significant first")
    func spelling() {
        #expect(WordList.words(2, of: [0, 0, 0]) == ["abandon", "abandon"])
        #expect(WordList.words(2, of: [0xFF, 0xFF, 0xFF]) == ["zoo", "zoo"])
        #expect(WordList.words(2, of: [0, 0x3F, 0xFC]) == [WordList.words[1], "zoo"])
        #expect(WordList.words(4, of: [0xFF, 0xFF]) == ["zoo"])
        #expect(WordList.words(1, of: [0xFF, 0xFF, 0xFF]) == ["zoo"])
    }

    @Test("A fingerprint has 128 bits in eight groups")
    func fingerprint() {
        let text = Fingerprint(of: [UInt8](repeating: 1, count: 32)).description
        #expect(text.split(separator: " ").map(\.count) == [Int](repeating: 4, count: 8))
        #expect(text != Fingerprint(of: [UInt8](repeating: 2, count: 32)).description)
        #expect(text == Fingerprint(of: [UInt8](repeating: 1, count: 32)).description)
    }

    @Test("Room words depend on the group, the epoch and its secret")
    func roomWords() throws {
        SodiumLibrary.initialize()
        func words(_ epoch: UInt64, _ group: UInt8, _ secret: UInt8) throws -> [String] {
            try RoomWords(
                epoch: epoch, groupID: [group],
                authenticator: SecretBytes(copying: [UInt8](repeating: secret, count: 32).span)
            ).words(cost: .init(passes: 1, memory: 8 * 1_024))
        }
        let base = try words(1, 1, 1)
        #expect(base.count == 6)
        #expect(try words(1, 1, 1) == base)
        #expect(try words(2, 1, 1) != base)
        #expect(try words(1, 2, 1) != base)
        #expect(try words(1, 1, 2) != base)
    }
}
