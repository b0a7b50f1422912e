import Foundation
import Testing

@testable import Chat

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

    /// Small letters and signs that are taken for something else than in the standard, most of them for a Latin letter.
    private static let takenOtherwise: Set<UInt32> = [
        // Latin: turned, hooked, long and epigraphic ones, and small capitals.
        0x140, 0x17F, 0x25A, 0x25B, 0x26F, 0x28B, 0x2B3, 0x2E1, 0x2E2, 0x1D0B, 0x1D0D, 0x1D3E, 0x1D8C, 0x1D90, 0x1DBA,
        0x1DBB,
        0x1E9D, 0x2184, 0xA795, 0xA7F7,
        // Greek: beta, epsilon, kappa, lunate epsilon.
        0x3B2, 0x3B5, 0x3BA, 0x3F5,
        // Cyrillic: ze, ka, em, pe, the soft sign, yeru, and those that are made of them.
        0x437, 0x43A, 0x43C, 0x43F, 0x44C, 0x491, 0x499, 0x49B, 0x49F, 0x4CE, 0x4E1, 0x511, 0xA651,
    ]

    @Test("What Unicode Technical Standard 39 takes for the same is the same, but for what is left out by name")
    func confusablesLeftOut() {
        #expect(NickConfusables.likenesses.count > 1_000)
        var left: Set<UInt32> = []
        for (value, likeness) in NickConfusables.likenesses {
            guard let scalar = Unicode.Scalar(value) else { continue }
            switch scalar.properties.generalCategory {
            // Digits have their value, capitals look like their small letters.
            case .decimalNumber, .uppercaseLetter: continue
            default: if NickSkeleton(String(scalar)) != NickSkeleton(likeness) { left.insert(value) }
            }
        }
        #expect(
            left == Self.takenOtherwise,
            "\(left.symmetricDifference(Self.takenOtherwise).map { String($0, radix: 16) })")
    }

    @Test(
        "Look-alikes inside one script",
        arguments: [
            ("\u{30AB}\u{30CA}", "\u{529B}\u{30CA}"), ("\u{30ED}", "\u{53E3}"), ("\u{3078}", "\u{30D8}"),
            ("\u{30AC}", "\u{529B}\u{3099}"),
        ])
    func insideAScript(_ first: String, _ second: String) {
        #expect(NickSkeleton(first) == NickSkeleton(second))
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
