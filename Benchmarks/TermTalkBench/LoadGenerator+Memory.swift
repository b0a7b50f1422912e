import Glibc

// Memory of members that are not there, or do not read. What the server has freed counts for nothing: it gives it back first.
// Nor does its program, of which more has been read from the file once it has done more.
extension LoadGenerator {
    /// Members that stay.
    private static let staying = 10
    /// Seconds after which a host keeps nothing any more of before the last Commit.
    private static let calm = 15.0

    /// Memory in use, in KiB.
    private func memory() throws -> Int {
        for process in options.processes { kill(process, SIGUSR1) }
        try settle(quiet: 0.3, atMost: 5)
        return try meter(memory: true).anonymousMemory
    }

    /// All come in, a quarter of them first, and all but some few go away without a word.
    func away() throws {
        let empty = try memory()
        let quarter = options.members / 4
        try join(quarter, limit: 300)
        try settle(quiet: Self.calm, atMost: Self.calm)
        let few = try memory()
        try join(options.members, limit: 600)
        try settle(quiet: Self.calm, atMost: Self.calm)
        let full = try memory()
        for slot in members.indices.dropFirst(Self.staying) { remove(slot) }
        try settle(quiet: 1, atMost: 30)
        let left = try memory()
        var line = head()
        line.add("anon0_kb", empty)
        line.add("anon_n_kb", full)
        line.add("anon_away_kb", left)
        line.add("anon_quarter_kb", few)
        line.add("kb_per_member", Double(full - empty) / Double(options.members))
        line.add("kb_per_member_of_the_rest", Double(full - few) / Double(options.members - quarter))
        line.add("kb_per_away_member", Double(left - empty) / Double(options.members))
        print(line.text)
    }

    /// Half of the members never read, while one of the others says as much as the log may hold, three times.
    func bound() throws {
        try join(options.members, limit: 300)
        try settle(quiet: 1, atMost: 30)
        let before = try memory()
        let deaf = options.members / 2
        for slot in members.indices.suffix(deaf) { members[slot]?.isDeaf = true }
        let start = try meter()
        let rounds = 3 * options.keepSize / options.size
        try pump(messages: rounds, receivers: options.members - deaf)
        let after = try meter()
        let loaded = try memory()
        var line = head()
        line.add("deaf", deaf)
        line.add("keep_kb", options.keepSize / 1_024)
        line.add("messages", rounds)
        line.add("anon_before_kb", before)
        line.add("anon_after_kb", loaded)
        line.add("grown_kb", loaded - before)
        line.add("cpu_s", Double(after.processorTime - start.processorTime) / 1e9)
        print(line.text)
    }
}
