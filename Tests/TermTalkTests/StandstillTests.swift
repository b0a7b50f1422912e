import Testing

@testable import TermTalk

@Suite struct StandstillTests {
    @Test("What is done 5 s late tells of a program that stood still, and for 5 s; less does not")
    func limits() {
        var standstill = Standstill()
        standstill.acts(now: .milliseconds(14_999), due: .seconds(10))
        #expect(!standstill.isRecent(now: .milliseconds(14_999)))
        standstill.acts(now: .seconds(15), due: .seconds(10))
        #expect(standstill.isRecent(now: .milliseconds(19_999)))
        #expect(!standstill.isRecent(now: .seconds(20)))
    }
}
