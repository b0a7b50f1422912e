import Foundation
import Testing

/// An invite that was clicked on in a desktop: the script that its handler starts in a terminal.
@Suite(.enabled(if: Terminal.tmux != nil, "needs tmux"))
struct DesktopTests {
    private static let packaging = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appending(path: "packaging")

    /// The handler as it is installed, in a terminal.
    private func opener(_ arguments: [String]) async throws -> Terminal {
        let home = try TestHome()
        let binary = try TermTalkProcess.binary()
        let text = try String(contentsOf: Self.packaging.appending(path: "termtalk-open.in"), encoding: .utf8)
            .replacing("@BINDIR@/termtalk", with: binary)
        let script = try home.write("termtalk-open", text)
        try FileManager.default.setAttributes([.posixPermissions: 0o700], ofItemAtPath: script)
        return try await Terminal(arguments, home: home, program: script)
    }

    @Test func aLinkJoinsAfterAYesOnly() async throws {
        let hosted = try await HostedRoom.direct(["--nick", "hostess"])
        let opened = try await opener([hosted.invite])
        try await opened.shows("Join it? (yes/no):")
        // The invite is a secret, and arguments are in the list of processes.
        let shell = try await opened.program()
        let arguments = try String(contentsOfFile: "/proc/\(shell)/cmdline", encoding: .utf8)
        #expect(arguments.contains("termtalk-open") && !arguments.contains("termtalk://"))
        try await opened.type("yes")
        try await hosted.host.event("member-joined")
        try await opened.shows("/help lists the")
        try await opened.type("/quit")
        try await opened.shows("status 0.")

        let refused = try await opener([hosted.invite])
        try await refused.shows("Join it? (yes/no):")
        try await refused.type("no")
        try await refused.shows("status 0.")
        #expect(hosted.host.eventsSoFar.count { $0.event == "member-joined" } == 1)
    }

    /// What went wrong can be read before the desktop closes the terminal.
    @Test func errorsStay() async throws {
        let opened = try await opener(["termtalk://nothing"])
        try await opened.shows("Join it? (yes/no):")
        try await opened.type("yes")
        try await opened.shows("hint:")
        try await opened.shows("Enter closes this window.")
        try await opened.press("Enter")
        try await opened.shows("status 65.")
    }

    @Test func withoutAnInviteThereIsTheMenu() async throws {
        let opened = try await opener([])
        try await opened.shows("q  quit")
    }
}
