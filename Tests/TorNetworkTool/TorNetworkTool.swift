import Foundation
import PrivateTorNetwork

/// `tor-network`: boots the private Tor network for use by hand and by scripts.
@main
struct TorNetworkTool {
    static let usage = """
        usage: tor-network [--json | --exec COMMAND [ARGUMENT…]]

        Boots a private Tor network on loopback and prints how termtalk uses it, as shell commands or, with --json, as
        one JSON object on one line. The network stays until standard input ends or until ^C. With --exec, COMMAND runs
        with these variables in its environment (TOR_NETWORK_JSON among them), and its exit status is returned.

        """

    static func main() async {
        let arguments = Array(CommandLine.arguments.dropFirst())
        switch arguments.first {
        case nil: await run(.shell)
        case "--json" where arguments.count == 1: await run(.json)
        case "--exec" where arguments.count > 1: await run(.command(Array(arguments.dropFirst())))
        case "--help", "-h":
            print(usage, terminator: "")
        default:
            complain(usage)
            exit(EX_USAGE)
        }
    }

    private enum Mode {
        case shell
        case json
        case command([String])
    }

    private static func run(_ mode: Mode) async {
        // Before the network boots: a signal while it does has to clean up, too.
        let signals = Signals([SIGINT, SIGTERM, SIGHUP])
        do {
            let network = try await PrivateTorNetwork.shared()
            let description = try Description(network)
            switch mode {
            case .shell:
                print(description.shell)
                fflush(nil)
                await signals.waitForEndOfInput()
            case .json:
                print(try description.json)
                fflush(nil)
                await signals.waitForEndOfInput()
            case .command(let command):
                let environment = ProcessInfo.processInfo.environment.merging(try description.environment) { $1 }
                // env finds the command on PATH, and answers 127 when there is none.
                let child = try ChildProcess(["/usr/bin/env", "--"] + command, environment: environment)
                signals.forward(to: child)
                exit(child.wait() ?? EX_SOFTWARE)
            }
            exit(0)
        } catch {
            complain("tor-network: \(error)\n")
            exit(EX_UNAVAILABLE)
        }
    }

    private static func complain(_ text: String) {
        FileHandle.standardError.write(Data(text.utf8))
    }
}
