import EventLoop
import Testing

@testable import TorController

struct SmallValuesTests {
    @Test func backsOff() {
        var backoff = Backoff()
        let longest = (0..<10).map { _ in backoff.next(random: 0) }
        #expect(longest.prefix(3) == [.milliseconds(200), .milliseconds(400), .milliseconds(800)])
        #expect(longest.last == .seconds(15) && backoff.attempt == 10)
        backoff.succeeded()
        #expect(backoff.next(random: .max) == .milliseconds(100) && backoff.attempt == 1)
    }

    @Test func remembersDescriptorFailures() throws {
        let address = try OnionAddress(OnionAddressTests.known + ".onion")
        func event(_ action: String, _ id: String, reason: String = "NOT_FOUND") throws -> DescriptorEvent {
            try #require(
                DescriptorEvent(ControlArguments("HS_DESC \(action) \(id) NO_AUTH $AB REASON=\(reason)")))
        }
        let start = MonotonicTime(nanoseconds: 1)
        var failures = DescriptorFailures()
        failures.received(try event("FAILED", address.serviceID), now: start)
        #expect(failures.failure(for: address, now: start + DescriptorFailures.lifetime) == .onionNotFound)
        #expect(failures.failure(for: address, now: start + DescriptorFailures.lifetime + .nanoseconds(1)) == nil)
        failures.received(try event("RECEIVED", address.serviceID), now: start)
        #expect(failures.failure(for: address, now: start) == nil)
        failures.received(try event("FAILED", address.serviceID, reason: "UPLOAD_REJECTED"), now: start)
        #expect(failures.failure(for: address, now: start) == nil)

        failures.received(try event("FAILED", address.serviceID, reason: "BAD_DESC"), now: start)
        for number in 1..<DescriptorFailures.maximumCount {
            let id = String(repeating: "a", count: 50) + String(100_000 + number)
            failures.received(try event("FAILED", id), now: start + .seconds(1))
        }
        #expect(failures.failure(for: address, now: start) == .onionUnreachable(.descriptorInvalid))
        failures.received(try event("FAILED", String(repeating: "b", count: 56)), now: start + .seconds(1))
        #expect(failures.failure(for: address, now: start) == nil)
    }

    @Test func namesEveryErrorByItsCode() {
        let errors: [(TorError, String)] = [
            (.unreachable(.noProgram("tor")), "tor-unreachable"),
            (.authenticationFailed(.refused), "tor-auth-failed"), (.permissionDenied(path: "/c"), "tor-permission"),
            (.bootstrapStalled(progress: 5, summary: "", warning: nil), "tor-bootstrap-stalled"),
            (.invalidAddress(.checksum), "onion-invalid-address"), (.onionNotFound, "onion-not-found"),
            (.onionAuthRequired(wrongKey: false), "onion-auth-required"),
            (.onionUnreachable(.rendezvousFailed), "onion-unreachable"),
            (.publishFailed(.collision), "onion-publish-failed"), (.connectionRefused, "connection-refused"),
            (.connectionTimeout, "connection-timeout"), (.hostUnreachable, "host-unreachable"),
        ]
        for (error, code) in errors { #expect(error.code == code) }
    }
}
