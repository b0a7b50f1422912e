import EventLoop
internal import Sodium

/// One command line to tor.
enum ControlCommand {
    /// A line without secrets and without its CRLF.
    case line(String)
    /// A whole line, CRLF included, in memory that is wiped.
    case secretLine(SharedSecret)

    static func getInfo(_ keys: String...) -> ControlCommand {
        .line("GETINFO " + keys.joined(separator: " "))
    }

    static func setEvents(_ names: [String]) -> ControlCommand {
        .line("SETEVENTS " + names.joined(separator: " "))
    }

    static func deleteOnion(_ address: OnionAddress) -> ControlCommand {
        .line("DEL_ONION \(address.serviceID)")
    }

    /// Fetches a service's descriptor, also where tor has one: the service may have been published anew.
    static func fetchDescriptor(_ address: OnionAddress) -> ControlCommand {
        .line("HSFETCH \(address.serviceID)")
    }

    /// `circuit` is what tor called it.
    static func closeCircuit(_ circuit: String) -> ControlCommand {
        .line("CLOSECIRCUIT \(circuit)")
    }

    static let signalActive = ControlCommand.line("SIGNAL ACTIVE")

    /// Makes tor exit when this control connection ends.
    static let takeOwnership = ControlCommand.line("TAKEOWNERSHIP")

    /// Adds a service that lives as long as this control connection: `DiscardPK`, and never `Detach`.
    static func addOnion(
        key: borrowing OnionKey, virtualPort: UInt16, target: OnionTarget,
        options: OnionServiceOptions = OnionServiceOptions()
    ) -> ControlCommand {
        let text =
            switch target {
            case .tcp(let port): "127.0.0.1:\(port)"
            case .unix(let path): "unix:\(path)"
            case .given(let address): address.description
            }
        precondition(!text.utf8.contains { $0 <= 0x20 || $0 == 0x7F }, "tor takes no target with spaces")
        let head = "ADD_ONION ED25519-V3:"
        let tail = " \(options.arguments) Port=\(virtualPort),\(text)\r\n"
        return base64Line(head, key.expanded(), tail)
    }

    /// Gives tor the key with which it can read the descriptor of a service that asks for client authorization. tor keeps
    /// it in memory, in place of one that it had for this service.
    static func addClientKey(
        _ key: borrowing X25519.PrivateKey, for address: OnionAddress
    ) -> ControlCommand {
        base64Line("ONION_CLIENT_AUTH_ADD \(address.serviceID) x25519:", key.exported(), "\r\n")
    }

    static func removeClientKey(for address: OnionAddress) -> ControlCommand {
        .line("ONION_CLIENT_AUTH_REMOVE \(address.serviceID)")
    }

    private static func base64Line(
        _ head: String, _ secret: borrowing SecretBytes, _ tail: String
    ) -> ControlCommand {
        var line = SecretLine(
            byteCount: head.utf8.count + SecretLine.base64ByteCount(secret.count) + tail.utf8.count)
        line.append(head)
        line.appendBase64(secret)
        line.append(tail)
        return .secretLine(line.finish())
    }

    /// `AUTHENTICATE` with bytes in hex: tor takes cookies, proofs and passwords in this form.
    static func authenticate(_ secret: borrowing SecretBytes) -> ControlCommand {
        let head = "AUTHENTICATE "
        var line = SecretLine(byteCount: head.utf8.count + SecretLine.hexByteCount(secret.count) + 2)
        line.append(head)
        line.appendHex(secret)
        line.append("\r\n")
        return .secretLine(line.finish())
    }
}
