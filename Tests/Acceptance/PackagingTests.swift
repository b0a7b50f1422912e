import Foundation
import Testing

/// The files of packaging/, read by the programs for which they are written.
struct PackagingTests {
    private static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().path

    @Test func checked() async throws {
        let home = try TestHome()
        let check = try await TermTalkProcess(
            program: "/bin/sh", ["-c", "cd '\(Self.root)' && PATH=$PATH:/usr/sbin:/sbin sh .ci/check-packaging"],
            home: home
        ).result()
        #expect(check.status == 0, "\(check.errors)")
        // What .ci/setup installs is not missing.
        for program in ["apparmor_parser", "desktop-file-validate"] {
            #expect(!check.errors.contains { $0.contains("\(program) is not installed") })
        }
    }
}
