import Foundation
import Testing

@testable import Room

@Suite struct NickSkeletonTests {
    @Test(
        "Names that look alike have equal skeletons",
        arguments: [
            ("alice", "ALICE"), ("alice", "a1ice"), ("alice", "aIice"), ("alice", "\u{430}l\u{456}\u{441}\u{435}"),
            ("alice", "álicé"), ("alice", "a\u{301}lice"), ("alice", "ａｌｉｃｅ"), ("alice", "𝐚𝓵𝕚𝒸𝖾"), ("alice", "ᴀlɪᴄᴇ"),
            ("alice", "ꓮꓡꓲꓚꓰ"), ("nato", "\u{39D}\u{391}\u{3A4}\u{39F}"), ("nick", "\u{39D}ick"), ("bob", "b0b"),
            ("bob", "B\u{41E}\u{412}"), ("modern", "modem"), ("wow", "vvovv"), ("user9", "user٩"), ("user0", "usero"),
            ("sean", "\u{455}\u{435}\u{430}\u{43F}"), ("hans", "\u{570}a\u{578}s"), ("oyvind", "Øyvind"),
            ("zoë", "zoe\u{308}"), ("zoe", "zoë"), ("иван", "ИВАН"), ("елка", "ёлка"), ("date", "\u{13A0}\u{13AA}te"),
            ("kate", "\u{212A}ate"), ("file", "ﬁle"), ("beta", "𝛽eta"), ("pox", "\u{2CA3}\u{2C9F}\u{2CAD}"),
            ("hat8", "hat৪"),
            ("abc234", "ABC234"), ("xii", "xll"), ("alice", "a\u{1C0}ice"),
        ])
    func alike(_ first: String, _ second: String) {
        #expect(NickSkeleton(first) == NickSkeleton(second))
    }

    @Test(
        "Names that differ keep different skeletons",
        arguments: [
            ("alice", "alicia"), ("bob", "rob"), ("anna", "hanna"), ("が", "か"), ("राम", "रम"), ("กุ", "กู"), ("人", "入"),
            ("user1", "user2"), ("иван", "ирина"), ("dave", "dove"), ("a_b", "a-b"), ("ab", "a.b"), ("가", "각"),
            ("van", "nan"),
        ])
    func different(_ first: String, _ second: String) {
        #expect(NickSkeleton(first) != NickSkeleton(second))
    }

    /// What the standard's table says against what names are taken for.
    @Test("What Unicode Technical Standard 39 takes for the same is the same, but for what is named here")
    func confusablesLeftOut() {
        #expect(NickConfusables.likenesses.count > 1_000)
        var left: [String] = []
        for (value, likeness) in NickConfusables.likenesses {
            guard let scalar = Unicode.Scalar(value) else { continue }
            let isSame = NickSkeleton(String(scalar)) == NickSkeleton(likeness)
            let name = scalar.properties.name ?? ""
            if isSame { continue }
            left.append(
                "\(String(value, radix: 16)) \(name) = \(likeness.unicodeScalars.map { String($0.value, radix: 16) })")
        }
        for l in left.sorted() { print("LEFT", l) }
        #expect(left.isEmpty)
    }

    @Test("A member's id has the skeleton of the nick that reads like it")
    func identifiers() throws {
        let id = try #require(MemberID("abco2l"))
        #expect(NickSkeleton(id) == NickSkeleton("abc021"))
        #expect(try Nick(validating: "ABCo2i").skeleton == NickSkeleton(id))
        #expect(try Nick(validating: "abco2m").skeleton != NickSkeleton(id))
    }

    @Test("Canonically equivalent letters have equal skeletons, all of the basic plane")
    func canonicalEquivalence() {
        for scalar in (0x80...0xFFFF as ClosedRange<UInt32>).compactMap(Unicode.Scalar.init) {
            guard scalar.properties.isAlphabetic else { continue }
            let composed = String(scalar)
            let decomposed = composed.decomposedStringWithCanonicalMapping
            if NickSkeleton(composed) != NickSkeleton(decomposed) {
                Issue.record("U+\(String(scalar.value, radix: 16)) \(scalar.properties.name ?? "")")
            }
        }
    }

    @Test("Upper and lower case of Latin, Cyrillic and Armenian letters have equal skeletons")
    func caseFolding() {
        for scalar in (0x41...0x58F as ClosedRange<UInt32>).compactMap(Unicode.Scalar.init) {
            let mapping = scalar.properties.lowercaseMapping
            // Greek capitals and Armenian Tiwn fold to what they look like; İ and ŉ have no single partner.
            guard !(0x370...0x3FF).contains(scalar.value), scalar.value != 0x54F else { continue }
            if NickSkeleton(String(scalar)) != NickSkeleton(mapping) {
                Issue.record("U+\(String(scalar.value, radix: 16)) \(scalar.properties.name ?? "")")
            }
        }
    }
}
