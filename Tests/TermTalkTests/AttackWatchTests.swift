import Testing

@testable import TermTalk

struct AttackWatchTests {
    private static let limits = AttackWatch.Limits()

    /// `#expect` calls nothing that changes a value.
    private final class Watch {
        private var watch = AttackWatch(now: .zero)

        var isUnderAttack: Bool { watch.isUnderAttack }
        var nextDeadline: Duration? { watch.nextDeadline }

        /// Refuses so often, at one time; returns what was reported.
        func refuse(_ count: Int, _ cause: AttackWatch.Cause = .openHandshake, at now: Duration) -> [AttackWatch.Report]
        {
            (0..<count).compactMap { _ in watch.refused(cause, now: now) }
        }

        func doorIsUnreachable(_ now: Duration) { watch.doorIsUnreachable(now: now) }

        func pass(_ now: Duration) -> AttackWatch.Report? { watch.timePassed(now: now) }
    }

    private static func total(_ report: AttackWatch.Report?) -> Int? {
        switch report {
        case .underAttack(let tally), .over(let tally): tally.total
        case nil: nil
        }
    }

    @Test func manyInAShortTimeAreAnAttack() {
        let watch = Watch()
        #expect(watch.refuse(Self.limits.threshold - 1, at: .seconds(1)).isEmpty)
        let reports = watch.refuse(1, .place, at: .seconds(2))
        guard case .underAttack(let tally)? = reports.first else { return #expect(Bool(false), "\(reports)") }
        #expect(tally[.openHandshake] == Self.limits.threshold - 1 && tally[.place] == 1 && tally[.password] == 0)
        #expect(watch.isUnderAttack)
    }

    @Test func manyInALongTimeAreNone() {
        let watch = Watch()
        for round in 0..<20 {
            let now = Self.limits.window * round
            #expect(watch.refuse(Self.limits.threshold - 1, at: now).isEmpty)
        }
        #expect(!watch.isUnderAttack && watch.nextDeadline == nil)
    }

    @Test("While it goes on, it is told once in an interval, with what came since")
    func goesOn() {
        let watch = Watch()
        var reports: [AttackWatch.Report] = []
        for second in 0...180 { reports += watch.refuse(100, at: .seconds(second)) }
        #expect(reports.count == 4)
        #expect(Self.total(reports.first) == Self.limits.threshold)
        // The others: a minute of 100 a second, and what was refused in all but the first report's moment.
        #expect(reports.dropFirst().map(Self.total) == [5_981, 6_000, 6_000])
    }

    @Test("It is not over while nobody can come at all")
    func unreachable() {
        let watch = Watch()
        watch.doorIsUnreachable(.zero)
        #expect(watch.nextDeadline == nil)
        _ = watch.refuse(Self.limits.threshold, .circuit, at: .seconds(1))
        for second in 2...300 {
            watch.doorIsUnreachable(.seconds(second))
            #expect(watch.pass(.seconds(second)) == nil)
        }
        #expect(watch.pass(.seconds(300) + Self.limits.calm - .seconds(1)) == nil)
        #expect(Self.total(watch.pass(.seconds(300) + Self.limits.calm)) == Self.limits.threshold)
    }

    @Test("One that wavers around the threshold is one attack; its end is told once, with all that was refused")
    func wavers() {
        let watch = Watch()
        _ = watch.refuse(Self.limits.threshold, at: .zero)
        var reports: [AttackWatch.Report] = []
        for round in 1...30 { reports += watch.refuse(Self.limits.quiet, at: Self.limits.window * round) }
        #expect(watch.isUnderAttack && reports.allSatisfy { if case .underAttack = $0 { true } else { false } })
        let last = Self.limits.window * 30
        #expect(watch.nextDeadline == last + Self.limits.calm)
        #expect(watch.pass(last + Self.limits.calm - .nanoseconds(1)) == nil)
        let end = watch.pass(last + Self.limits.calm)
        guard case .over(let tally)? = end else { return #expect(Bool(false), "\(String(describing: end))") }
        #expect(tally.total == Self.limits.threshold + 30 * Self.limits.quiet)
        #expect(tally.seconds == 301)
        #expect(!watch.isUnderAttack && watch.nextDeadline == nil && watch.pass(.seconds(10_000)) == nil)
    }

    @Test("Quiet refusals do not keep it going, and a new attack begins anew")
    func ends() {
        let watch = Watch()
        _ = watch.refuse(Self.limits.threshold, at: .zero)
        var reports: [AttackWatch.Report] = []
        for round in 1...7 { reports += watch.refuse(1, at: Self.limits.window * round) }
        #expect(reports.count == 1)
        guard case .over? = reports.first else { return #expect(Bool(false), "\(reports)") }
        #expect(watch.refuse(Self.limits.threshold - 2, at: .seconds(71)).isEmpty)
        #expect(watch.refuse(2, at: .seconds(71)).count == 1)
    }
}
