import EventLoop
import Testing

@testable import TorController

@Suite struct IntroductionWatchTests {
    private static func seconds(_ time: UInt64) -> MonotonicTime { MonotonicTime(nanoseconds: time * 1_000_000_000) }

    @Test("Counts that stay low mean that the service is to be published anew; one that is higher begins afresh")
    func low() {
        var watch = IntroductionWatch()
        var time: UInt64 = 0
        func counted(_ count: Int) -> Bool {
            time += 15
            return watch.counted(count, now: Self.seconds(time))
        }
        // What it has not had yet it does not miss.
        #expect([0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1].allSatisfy { !counted($0) })
        #expect([9, 6, 6, 6, 6, 6, 6, 5, 5, 5, 5, 6, 5, 0, 3, 2].allSatisfy { !counted($0) })
        #expect(counted(2))
    }

    @Test("While that does not help the next time is after two minutes, then four, eight, and sixteen")
    func pause() {
        var watch = IntroductionWatch()
        func renewals(_ counts: [Int], from start: Int) -> [Int] {
            counts.indices.map { $0 + start }.filter {
                watch.counted(counts[$0 - start], now: Self.seconds(UInt64($0) * 15))
            }
        }
        #expect(renewals([6] + Array(repeating: 5, count: 250), from: 0) == [5, 13, 29, 61, 125, 189])
        // Two minutes again, after the sixteen are over.
        #expect(renewals([6] + Array(repeating: 0, count: 20), from: 260) == [265, 273])
    }

    @Test("Established introduction circuits of the service are counted, and no others")
    func parsing() {
        let address = OnionKey().address
        let other = OnionKey().address
        func line(_ number: Int, _ state: String, _ purpose: String, _ id: String) -> String {
            "\(number) BUILT $2B1D~a,$9F1C~b BUILD_FLAGS=IS_INTERNAL PURPOSE=\(purpose) HS_STATE=\(state) "
                + "REND_QUERY=\(id) TIME_CREATED=2026-11-24T03:49:23.4"
        }
        let status = [
            line(1, "HSSI_ESTABLISHED", "HS_SERVICE_INTRO", address.serviceID),
            line(2, "HSSI_CONNECTING", "HS_SERVICE_INTRO", address.serviceID),
            line(3, "HSSI_ESTABLISHED", "HS_SERVICE_INTRO", other.serviceID),
            line(4, "HSSR_JOINED", "HS_SERVICE_REND", address.serviceID),
            "5 BUILT $2B1D~a PURPOSE=GENERAL",
            line(6, "HSSI_ESTABLISHED", "HS_SERVICE_INTRO", address.serviceID),
        ].joined(separator: "\n")
        #expect(IntroductionWatch.count(in: status, of: address) == 2)
        #expect(IntroductionWatch.count(in: "", of: address) == 0)
    }
}
