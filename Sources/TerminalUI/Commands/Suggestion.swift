/// What somebody may have meant who wrote something else.
package enum Suggestion {
    /// The candidate that is nearest to `word`: at most two letters were left out, added, exchanged or swapped, and fewer
    /// than half of the word.
    package static func nearest(to word: String, in candidates: [String]) -> String? {
        let word = Array(word.lowercased())
        guard word.count <= 32 else { return nil }
        let limit = min(2, (word.count - 1) / 2)
        return candidates.map { (distance(word, Array($0.lowercased())), $0) }.filter { $0.0 <= limit }.min {
            $0.0 < $1.0
        }?.1
    }

    /// Optimal string alignment distance.
    private static func distance(_ left: [Character], _ right: [Character]) -> Int {
        guard abs(left.count - right.count) <= 2 else { return .max }
        var before: [Int] = []
        var last = Array(0...right.count)
        for (row, letter) in left.enumerated() {
            var next = [row + 1]
            for (column, other) in right.enumerated() {
                var best = min(last[column + 1] + 1, next[column] + 1, last[column] + (letter == other ? 0 : 1))
                if row > 0, column > 0, letter == right[column - 1], left[row - 1] == other {
                    best = min(best, before[column - 1] + 1)
                }
                next.append(best)
            }
            (before, last) = (last, next)
        }
        return last[right.count]
    }
}
