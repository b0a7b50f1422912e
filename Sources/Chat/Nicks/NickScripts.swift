/// Which scripts a nick is written in, and whether they may stand together: the restriction level "highly restrictive" of
/// Unicode Technical Standard 39, section 5.2. A nick is of one script that Unicode recommends for names, or of Latin and
/// what is written together in Chinese, Japanese or Korean. So no letter of a rare script takes the place of a Latin one.
enum NickScripts {
    /// In the order of `.ci/make-nick-scripts.py`.
    enum Script: UInt32 {
        case common, inherited, arabic, armenian, bengali, bopomofo, cyrillic, devanagari, ethiopic, georgian, greek
        case gujarati, gurmukhi, han, hangul, hebrew, hiragana, kannada, katakana, khmer, lao, latin, malayalam, myanmar
        case oriya, sinhala, tamil, telugu, thaana, thai, tibetan
    }

    enum Verdict {
        case allowed
        /// Scripts that are not written together.
        case mixed
        /// A script that Unicode does not recommend for names, or a letter that is newer than the table.
        case unusual
    }

    private static let together: [Set<Script>] = [
        [.latin, .han, .hiragana, .katakana], [.latin, .han, .bopomofo], [.latin, .han, .hangul],
    ]

    /// The letters, marks and digits of a nick; everything else in it is of all scripts.
    static func verdict(on nick: String) -> Verdict {
        var scripts: Set<Script> = []
        for scalar in nick.unicodeScalars where !scalar.isPunctuationOfNicks {
            guard let script = script(of: scalar) else { return .unusual }
            if script != .common, script != .inherited { scripts.insert(script) }
        }
        return scripts.count <= 1 || together.contains { scripts.isSubset(of: $0) } ? .allowed : .mixed
    }

    static func script(of scalar: Unicode.Scalar) -> Script? {
        var low = 0
        var high = table.count / 3
        while low < high {
            let middle = (low + high) / 2
            if table[3 * middle + 1] < scalar.value { low = middle + 1 } else { high = middle }
        }
        guard 3 * low < table.count, table[3 * low] <= scalar.value else { return nil }
        return Script(rawValue: table[3 * low + 2])
    }
}

extension Unicode.Scalar {
    fileprivate var isPunctuationOfNicks: Bool { self == "_" || self == "-" || self == "." }
}
