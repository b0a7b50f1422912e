import Chat
import Testing

@testable import TerminalUI

@Suite struct ExitStatusTests {
    @Test("Every code has the status that is promised")
    func mapping() {
        let promised: [Int32: [String]] = [
            64: ["usage", "unknown-command", "not-in-this-build", "terminal-unsuitable", "output-kept"],
            65: [
                "onion-invalid-address", "address-invalid", "invite-invalid", "room-invalid", "message-too-large",
                "nick-invalid",
                "nick-taken", "no-such-member", "verify-unknown", "input-invalid", "persist-damaged",
                "file-too-large", "file-unreadable", "file-changed", "file-unknown", "file-metadata",
            ],
            69: [
                "tor-without-pow", "tor-without-client-auth", "tor-unreachable", "tor-bootstrap-stalled",
                "tor-control-lost", "onion-not-found", "onion-unreachable",
                "onion-publish-failed", "onion-not-reachable", "bridge-failed", "connection-refused",
                "connection-timeout", "connection-lost",
                "host-unreachable",
                "address-in-use", "port-not-mapped", "carrier-nat", "registry-unreachable", "no-such-room",
                "room-expired", "room-reopened",
            ],
            70: ["internal-error"],
            73: [
                "registry-unwritable", "persist-unwritable", "output-unwritable", "no-space", "file-unwritable",
                "no-download-folder",
            ],
            75: [
                "room-full", "host-busy", "rate-limited", "slow-mode", "output-overrun", "output-gone", "member-away",
                "messages-missed",
                "not-acknowledged", "verify-ended", "nobody-here", "under-attack", "attack-over", "persist-in-use",
                "descriptors-exhausted", "file-withdrawn", "store-lost", "store-unavailable", "room-paused",
                "registry-taken",
            ],
            76: [
                "not-termtalk", "version-mismatch", "registry-forged", "persist-version", "host-key-mismatch",
                "host-key-unknown",
                "password-unconfirmed",
                "group-forged", "group-replay", "group-epoch", "group-gap", "group-fork", "group-ghost",
                "group-removed", "group-key-changed", "group-nick", "group-welcome", "group-creator", "group-lost",
                "group-undone",
                "verify-failed", "file-damaged",
            ],
            77: [
                "tor-auth-failed", "tor-permission", "tor-filtered", "tor-untrusted", "direct-not-allowed",
                "onion-auth-required",
                "password-required",
                "password-wrong",
                "password-guessed", "passphrase-wrong", "kicked", "banned", "room-locked", "invite-used", "join-denied",
                "group-invite-needed", "not-permitted", "invite-revoked", "invite-stays", "invite-renewed", "files-off",
                "file-declined",
            ],
            78: [
                "config-invalid", "config-unreadable", "registry-unreadable", "trust-store-unreadable",
                "persist-unreadable", "persist-unguarded",
            ],
            130: ["interrupted"],
        ]
        var seen = 0
        for (status, codes) in promised {
            for name in codes {
                seen += 1
                #expect(NoticeCode(rawValue: name).map { ExitStatus($0).rawValue } == status, "\(name)")
            }
        }
        #expect(seen == NoticeCode.allCases.count)
    }
}
