import Glibc
import Testing

@testable import TorController

struct TorLogParserTests {
    static func event(_ text: String) -> TorLogParser.Event? {
        TorLogParser.parse("Nov 23 22:44:51.000 " + text)
    }

    @Test func readsProgress() {
        #expect(
            Self.event("[notice] Bootstrapped 45% (requesting_descriptors): Asking for relay descriptors")
                == .bootstrap(
                    .init(progress: 45, tag: "requesting_descriptors", summary: "Asking for relay descriptors")))
        #expect(
            Self.event("[notice] Bootstrapped 100%: Done") == .bootstrap(.init(progress: 100, tag: "", summary: "Done"))
        )
    }

    @Test(arguments: [
        (
            "[warn] Could not bind to 127.0.0.1:9050: Address already in use. Is Tor already running?",
            TorStartFailure.addressInUse
        ),
        (
            "[warn] It looks like another Tor process is running with the same data directory.  Waiting 5 seconds",
            .dataDirectoryInUse
        ),
        ("[err] No, it's still there.  Exiting.", .dataDirectoryInUse),
        ("[warn] Directory /x cannot be read: Permission denied", .directoryPermission),
        ("[warn] /x is not owned by this user (me, 1000) but by root (0).", .directoryPermission),
        ("[warn] Permissions on directory /x are too permissive.", .directoryPermission),
        (
            "[warn] Failed to parse/validate config: Unknown option 'Foo'.  Failing.",
            .configuration("Unknown option 'Foo'.  Failing.")
        ),
        ("[err] Reading config failed--see warnings above.", .configuration("")),
        ("[warn] Error writing to \"/x/state.tmp\": No space left on device", .spawn(errno: ENOSPC)),
    ])
    func readsFailures(line: String, failure: TorStartFailure) {
        #expect(Self.event(line) == .failure(failure))
    }

    @Test func readsWarnings() {
        #expect(
            Self.event("[warn] Our clock is 3 hours, 2 minutes behind the time published in the consensus")
                == .warning("the clock of this machine is wrong"))
        #expect(
            Self.event("[warn] Problem bootstrapping. Stuck at 5% (conn): Connecting to a relay.")
                == .warning("Stuck at 5% (conn): Connecting to a relay."))
        #expect(Self.event("[warn] Something new.") == .other("Something new."))
        #expect(Self.event("[err] Something worse.") == .other("Something worse."))
    }

    @Test(arguments: [
        "", "no level", "[notice] Bootstrapped 101% (x): y", "[notice] Bootstrapped x%", "[notice] Bootstrapped 5",
        "[info] Bootstrapped 5%: x", "[", "]", "[warn]",
    ])
    func leavesTheRestAlone(line: String) {
        #expect(Self.event(line) == nil)
    }

    @Test func cutsLines() {
        let text = "x [notice] Bootstrapped 5% (conn): A\nx [notice] Bootstrapped 10% (conn_done): B\nx [notice] Boot"
        let expected: [TorLogParser.Event] = [
            .bootstrap(.init(progress: 5, tag: "conn", summary: "A")),
            .bootstrap(.init(progress: 10, tag: "conn_done", summary: "B")),
        ]
        var whole = TorLogParser()
        #expect(whole.received(Array(text.utf8).span) == expected)
        var drops = TorLogParser()
        #expect(text.utf8.flatMap { drops.received([$0].span) } == expected)
    }

    @Test func dropsTheRestOfALongLine() {
        var parser = TorLogParser()
        let prefix = "[notice] Bootstrapped 5%: "
        let fill = String(repeating: "a", count: TorLogParser.maximumLineByteCount - prefix.utf8.count)
        let expected = [TorLogParser.Event.bootstrap(.init(progress: 5, tag: "", summary: fill))]
        #expect(parser.received(Array((prefix + fill + "\n").utf8).span) == expected)
        #expect(parser.received(Array((prefix + fill + "bbb\n").utf8).span) == expected)
    }
}
