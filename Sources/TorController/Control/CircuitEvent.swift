/// What happened to a circuit that may be one of an onion service.
///
///     CIRC 27 CLOSED $95D8…~relay0,… PURPOSE=HS_SERVICE_REND HS_STATE=HSSR_JOINED REND_QUERY=3j5l…tbqd … REASON=REQUESTED
///     CIRC_MINOR 27 PURPOSE_CHANGED $95D8…~relay0,… PURPOSE=HS_SERVICE_REND HS_STATE=HSSR_JOINED REND_QUERY=3j5l…tbqd …
///     CIRC_BW ID=28 READ=3563 WRITTEN=2545 TIME=2026-11-28T17:30:51.369807 DELIVERED_READ=1207 OVERHEAD_READ=2279 …
package struct CircuitEvent: Equatable, Sendable {
    package enum Change: Equatable, Sendable {
        /// It is an introduction point of the service now.
        case introduction(serviceID: String)
        /// It is joined with that of a peer of the service.
        case rendezvous(serviceID: String)
        /// Its other end sent something that tor made use of.
        case heard
        case closed
    }

    /// Characters of the longest id (control-spec, section 2.4).
    static let maximumIDByteCount = 16

    var circuit: String
    var change: Change

    init(_ circuit: String, _ change: Change) {
        self.circuit = circuit
        self.change = change
    }

    /// Reads what follows `650 `; nil for everything that is none of these. It is asked for each circuit of a tor that may
    /// have thousands, so it looks no further than it has to.
    init?(_ text: String) {
        guard text.hasPrefix("CIRC") else { return nil }
        let head = text.split(separator: " ", maxSplits: 3)
        guard head.count >= 3 else { return nil }
        switch (head[0], head[2]) {
        case ("CIRC", "CLOSED"), ("CIRC", "FAILED"): self.init(String(head[1]), .closed)
        case ("CIRC_MINOR", "PURPOSE_CHANGED"):
            guard head.count == 4, let change = Self.change(of: head[3]) else { return nil }
            self.init(String(head[1]), change)
        case ("CIRC_BW", _):
            guard head[1].hasPrefix("ID="), let delivered = Self.value(of: "DELIVERED_READ", in: text), delivered != "0"
            else { return nil }
            self.init(String(head[1].dropFirst(3)), .heard)
        default: return nil
        }
        guard !circuit.isEmpty, circuit.utf8.count <= Self.maximumIDByteCount else { return nil }
    }

    private static func change(of text: Substring) -> Change? {
        guard let id = value(of: "REND_QUERY", in: text), id.utf8.count == OnionAddress.serviceIDLength else {
            return nil
        }
        return switch (value(of: "PURPOSE", in: text), value(of: "HS_STATE", in: text)) {
        case ("HS_SERVICE_INTRO", "HSSI_ESTABLISHED"): .introduction(serviceID: String(id))
        case ("HS_SERVICE_REND", "HSSR_JOINED"): .rendezvous(serviceID: String(id))
        default: nil
        }
    }

    private static func value(of name: String, in text: some StringProtocol) -> Substring? {
        text.split(separator: " ").first { $0.hasPrefix("\(name)=") }.map { Substring($0.dropFirst(name.count + 1)) }
    }
}
