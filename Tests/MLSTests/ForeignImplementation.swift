import Foundation
import TestSupport

/// An MLS that somebody else wrote (Tests/MLSTests/Interop/mls_peer.py).
enum ForeignImplementation: String {
    case mlsRS = "mls-rs"
    case openMLS = "openmls"

    /// A Python that has it.
    var python: URL? {
        switch self {
        case .mlsRS: Self.mlsRSPython
        case .openMLS: Self.openMLSPython
        }
    }

    /// What a skipped test says.
    static let missing = "not installed: run Tests/MLSTests/Interop/install.sh, or set TERMTALK_PYTHON"

    private static let mlsRSPython = PythonPeer.python(importing: "mls_rs_uniffi")
    private static let openMLSPython = PythonPeer.python(importing: "gbp_stack")

    /// Whether it sends application messages, and tells us what it reads in ours.
    var talks: Bool { self == .mlsRS }
}
