import Chat
import Glibc
import Room
import Testing
import TorController
import Transport

@testable import TermTalk

/// What people are told of tor's errors is what tor said, and what to do about that.
@Suite struct TorNoticesTests {
    @Test("tor's own words are in the message")
    func words() {
        let errors: [(TorError, String)] = [
            (
                .publishFailed(.refused(status: 551, text: "Failed to add Onion Service")),
                "(551): Failed to add Onion Service"
            ),
            (.publishFailed(.notUploaded(reason: "UPLOAD_REJECTED")), ": UPLOAD_REJECTED"),
            (
                .unreachable(.childFailed(.configuration("Unknown option 'Foo'.  Failing."))),
                ": Unknown option 'Foo'. Failing."
            ),
            (.unreachable(.childFailed(.exited(status: 1, said: "Could not open \"x\""))), ": Could not open \"x\""),
            (.unreachable(.childFailed(.spawn(errno: ENOSPC))), "(no space left on device)"),
            (.filtered(command: "ADD_ONION"), "refuses ADD_ONION"),
        ]
        for (error, words) in errors {
            #expect(error.notice.message.hasSuffix(words), "\(error.notice.message)")
        }
    }

    @Test("Who cannot get to a room hears that it may have ended, however tor says so")
    func ended() {
        let errors: [TorError] = [
            .onionUnreachable(.rendezvousFailed), .onionUnreachable(.socksReply(4)), .onionUnreachable(.socksReply(1)),
            .onionNotFound,
        ]
        for error in errors {
            #expect(error.notice.hint?.contains("room may have ended") == true, "\(error)")
        }
        #expect(DialError.refused.notice.hint?.contains("room may have ended") == true)
    }

    @Test("Keys, control characters and novels are left out")
    func cleaned() {
        let key = String(repeating: "A", count: 88)
        let text = "bad\u{1B}[31m \(key) " + String(repeating: "word ", count: 100)
        let message = TorError.publishFailed(.refused(status: 512, text: text)).notice.message
        #expect(!message.contains(key) && message.contains("..."))
        #expect(!message.unicodeScalars.contains { $0.value < 0x20 } && message.count < 300)
    }

    @Test(
        "Trying again is advised where it can help", arguments: [(510, false), (512, false), (513, false), (551, true)])
    func hints(status: Int, helps: Bool) {
        let hint = TorError.publishFailed(.refused(status: status, text: "")).notice.hint
        #expect(hint?.contains("try again") == helps)
    }

    @Test("Where something answers that is no relay, a login page is thought of", arguments: [(10, false), (14, true)])
    func answeredByOthers(progress: Int, isNoRelay: Bool) {
        let hint = TorError.bootstrapStalled(progress: progress, summary: "", warning: "DONE").notice.hint
        #expect(hint?.contains("login page") == isNoRelay)
        #expect(hint?.contains("bridge") == true)
    }
}
