/// Which letter or digit another one looks like.
///
/// Four things, in this order: letters of Cyrillic, Greek, Armenian, Coptic, Cherokee, Lisu, Hebrew and Canadian Aboriginal
/// Syllabics that look Latin in common terminal fonts, by hand; accented, fullwidth, mathematical, superscript and small-capital
/// letters by their Unicode names, digits of all scripts by their value; case; and what Unicode Technical Standard 39 says of
/// letters inside one script (``table``). `NickSkeletonTests` names where that standard says otherwise. Not covered: `cl` for
/// `d`, digits for letters as in `s`/`5`, and what only one font draws alike. Of scripts that are mixed, or not used for names,
/// no nick is made (``NickScripts``). The Greek capitals Η, Μ, Ν and Υ fold to what
/// they look like, not to their small letters.
enum NickConfusables {
    /// What `text` a scalar folds to, and whether marks that follow it are accents to be left out.
    struct Fold {
        var text: String
        var dropsMarks: Bool
    }

    /// Likenesses of likenesses; the standard's own are final, and case leads on from a few.
    private static let deepest = 4

    static func fold(_ scalars: String.UnicodeScalarView) -> Fold { fold(scalars, depth: 0) }

    private static func fold(_ scalars: String.UnicodeScalarView, depth: Int) -> Fold {
        var folded = Fold(text: "", dropsMarks: false)
        for scalar in scalars {
            switch scalar.properties.generalCategory {
            case .nonspacingMark, .spacingMark, .enclosingMark:
                if !folded.dropsMarks { folded.text += likenesses[scalar.value] ?? String(scalar) }
            default:
                let fold = fold(scalar, depth: depth)
                folded.text += fold.text
                folded.dropsMarks = fold.dropsMarks
            }
        }
        return folded
    }

    static let likenesses: [UInt32: String] = {
        var likenesses: [UInt32: String] = [:]
        for entry in table.split(separator: " ") {
            let sides = entry.split(separator: "=").map {
                $0.split(separator: "+").compactMap { UInt32($0, radix: 16) }
            }
            guard sides.count == 2, let letter = sides[0].first else { continue }
            likenesses[letter] = String(String.UnicodeScalarView(sides[1].compactMap(Unicode.Scalar.init)))
        }
        return likenesses
    }()

    private static func fold(_ scalar: Unicode.Scalar, depth: Int) -> Fold {
        if scalar.isASCII { return latin(scalar.properties.lowercaseMapping) }
        if let letter = lookAlikes[scalar.value] { return latin(letter) }
        if let base = accented[scalar.value] { return fold(base, depth: depth) }
        let properties = scalar.properties
        if properties.generalCategory == .decimalNumber, let value = properties.numericValue {
            return latin(String(Int(value)))
        }
        let name = properties.name ?? ""
        if let fold = fold(named: name, depth: depth) { return fold }
        let lowercase = properties.lowercaseMapping.unicodeScalars
        if let small = lowercase.first, small != scalar { return fold(small, depth: depth) }
        if depth < deepest, let likeness = likenesses[scalar.value] {
            return fold(likeness.unicodeScalars, depth: depth + 1)
        }
        return Fold(text: String(scalar), dropsMarks: accentedScripts.contains { name.hasPrefix($0) })
    }

    /// Latin letters and digits in their final classes: `0` is `o`, `1` and `i` are `l`.
    private static func latin(_ text: String) -> Fold {
        var folded = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "0": folded += "o"
            case "1", "i": folded += "l"
            default: folded.unicodeScalars.append(scalar)
            }
        }
        return Fold(text: folded, dropsMarks: true)
    }

    /// Scripts whose precomposed letters are all recognised, so that their marks can be left out.
    private static let accentedScripts = ["LATIN ", "GREEK ", "CYRILLIC ", "HEBREW "]

    private static let latinStyles = [
        "LATIN ", "FULLWIDTH LATIN ", "SUPERSCRIPT LATIN ", "MODIFIER LETTER SMALL ", "MODIFIER LETTER CAPITAL ",
        "MATHEMATICAL ", "DOUBLE-STRUCK ", "SCRIPT ", "BLACK-LETTER ",
    ]

    /// Letters of Latin that are drawn as two.
    private static let digraphs: Set<Substring> = ["DZ", "LJ", "NJ"]

    private static func fold(named name: String, depth: Int) -> Fold? {
        let words = name.replacing(" WITH SMALL LETTER ", with: "").split(separator: " ")
        if let with = words.firstIndex(of: "WITH"),
            let base = scalarsByName[words[..<with].joined(separator: " ")]
        {
            return fold(base, depth: depth)
        }
        guard latinStyles.contains(where: { name.hasPrefix($0) }) else { return nil }
        let plain = words.prefix { $0 != "WITH" }
        guard let last = plain.last else { return nil }
        if last.utf8.count == 1 || plain.contains("LIGATURE") || digraphs.contains(last) {
            return latin(last.lowercased())
        }
        guard plain.first == "MATHEMATICAL" else { return nil }
        let size = plain.contains("CAPITAL") ? "CAPITAL" : "SMALL"
        return scalarsByName["GREEK \(size) LETTER \(last)"].map { fold($0, depth: depth) }
    }

    /// Letters of the accented scripts by their names.
    private static let scalarsByName: [String: Unicode.Scalar] = {
        var scalars: [String: Unicode.Scalar] = [:]
        for scalar in (0x41...0x5FF as ClosedRange<UInt32>).compactMap(Unicode.Scalar.init) {
            if let name = scalar.properties.name { scalars[name] = scalar }
        }
        return scalars
    }()

    /// Precomposed letters whose names do not say so, and their bases.
    private static let accented: [UInt32: Unicode.Scalar] = [
        0x0439: "\u{438}", 0x0451: "\u{435}", 0x0453: "\u{433}", 0x0457: "\u{456}", 0x045C: "\u{43A}",
        0x045E: "\u{443}", 0x03D3: "\u{3D2}", 0x03D4: "\u{3D2}", 0x1FBE: "\u{3B9}", 0xFB1F: "\u{5F2}",
    ]

    private static let lookAlikes: [UInt32: String] = {
        var table: [UInt32: String] = [:]
        for (letter, scalars) in groups {
            for scalar in scalars {
                table[scalar] = letter
                // The small letters of Cherokee, drawn as small capitals.
                if (0x13A0...0x13EF).contains(scalar) { table[scalar - 0x13A0 + 0xAB70] = letter }
            }
        }
        return table
    }()

    /// Small letters stand for their capitals too, unless the capital is listed.
    private static let groups: [(String, [UInt32])] = [
        ("a", [0xAA, 0x0251, 0x03B1, 0x0430, 0x13AA, 0x15C5, 0x2C81, 0xA4EE]),
        ("b", [0x03B2, 0x0432, 0x044C, 0x13CF, 0x13F4, 0x1472, 0x15F7, 0x2C83, 0xA4D0]),
        ("c", [0x03F2, 0x0441, 0x13DF, 0x2CA5, 0xA4DA]),
        ("d", [0x0501, 0x13A0, 0x13E7, 0x146F, 0x15EA, 0xA4D3]),
        ("e", [0x03B5, 0x03F5, 0x0435, 0x0511, 0x13AC, 0x2C89, 0xA4F0]),
        ("f", [0x15B4, 0xA4DD]),
        ("g", [0x050D, 0x0581, 0x13C0, 0xA4D6]),
        ("h", [0x0397, 0x043D, 0x04BB, 0x0570, 0x13BB, 0x157C, 0x2C8F, 0xA4E7]),
        ("i", [0x0269, 0x03B9, 0x0456, 0x13A5, 0x2C93, 0xA4F2]),
        ("j", [0x03F3, 0x0458, 0x0575, 0x13AB, 0x148D, 0xA4D9]),
        ("k", [0x03BA, 0x043A, 0x13E6, 0x2C95, 0xA4D7]),
        ("l", [0x01C0, 0x04C0, 0x04CF, 0x056C, 0x05D5, 0x05DF, 0x13DE, 0x14AA, 0xA4E1]),
        ("m", [0x039C, 0x043C, 0x13B7, 0x15F0, 0x2C99, 0xA4DF]),
        ("n", [0x039D, 0x03B7, 0x043F, 0x0572, 0x0578, 0x057C, 0x2C9B, 0xA4E0]),
        ("o", [0xBA, 0x03BF, 0x03C2, 0x03C3, 0x043E, 0x0585, 0x05E1, 0x0665, 0x06F5, 0x2C9F, 0xA4F3]),
        ("p", [0x03C1, 0x03F1, 0x0440, 0x13E2, 0x146D, 0x2CA3, 0xA4D1]),
        ("q", [0x051B, 0x0563, 0x0566]),
        ("r", [0x0433, 0x13A1, 0x13D2, 0x1587, 0x2C85, 0xA4E3]),
        ("s", [0x0455, 0x054F, 0x13D5, 0x13DA, 0xA4E2]),
        ("t", [0x03C4, 0x0442, 0x13A2, 0x2CA7, 0xA4D4]),
        ("u", [0xB5, 0x03BC, 0x03C5, 0x028A, 0x057D, 0x144C, 0xA4F4]),
        ("v", [0x03BD, 0x0475, 0x13D9, 0x142F, 0xA4E6]),
        ("w", [0x03C9, 0x0461, 0x051D, 0x0561, 0x13B3, 0x13D4, 0xA4EA]),
        ("x", [0x03C7, 0x0445, 0x2CAD, 0xA4EB]),
        ("y", [0x03A5, 0x03B3, 0x03D2, 0x0443, 0x04AF, 0x13A9, 0x13BD, 0x2CA9, 0xA4EC]),
        ("z", [0x03B6, 0x13C3, 0xA4DC]),
        ("3", [0x0437, 0x04E1]),
        ("4", [0x0447, 0x13CE]),
        ("6", [0x0431]),
        ("8", [0x09EA, 0x0A6A]),
    ]
}
