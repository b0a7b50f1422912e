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
        #expect([6, 4, 3, 3, 4, 3, 0].allSatisfy { !counted($0) })
        #expect(counted(2))
        // It begins anew, and what it has not had yet it does not miss.
        #expect([0, 0, 0, 1, 2, 6].allSatisfy { !counted($0) })
    }

    @Test("A service is published anew every other minute at most")
    func pause() {
        var watch = IntroductionWatch()
        let counts = [6, 0, 0, 0, 6, 0, 0, 0, 0, 0, 0, 0]
        let times = counts.indices.filter { watch.counted(counts[$0], now: Self.seconds(UInt64($0) * 15)) }
        #expect(times == [3, 11])
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
