import Testing

@testable import TorController

struct ControlEventTests {
    static func event(_ text: String) -> ControlEvent {
        ControlEvent(ControlReply(status: 650, lines: [.init(text)]))
    }

    static let id = "ac2mivejfzv7cobhb6vlvqj6h37nt5wuu37uddj4worrjerwa6wdzdad"

    @Test func readsDescriptorEvents() {
        let directory = "$2B1D2B1D2B1D2B1D2B1D2B1D2B1D2B1D2B1D2B1D~relay3"
        guard
            case .descriptor(let upload) = Self.event(
                "HS_DESC UPLOAD \(Self.id) UNKNOWN \(directory) 8pJ+/Q HSDIR_INDEX=AB"),
            case .descriptor(let uploaded) = Self.event("HS_DESC UPLOADED \(Self.id) UNKNOWN \(directory)"),
            case .descriptor(let failed) = Self.event(
                "HS_DESC FAILED \(Self.id) NO_AUTH \(directory) 8pJ REASON=NOT_FOUND"),
            case .descriptor(let received) = Self.event("HS_DESC RECEIVED UNKNOWN NO_AUTH")
        else {
            Issue.record("not a descriptor event")
            return
        }
        #expect(upload.action == .upload && upload.serviceID == Self.id && upload.directory == directory)
        #expect(uploaded.action == .uploaded && uploaded.reason == nil)
        #expect(failed.action == .failed && failed.reason == "NOT_FOUND")
        #expect(received.action == .received && received.directory == nil)
    }

    @Test func readsBootstrapping() {
        #expect(
            Self.event(#"STATUS_CLIENT NOTICE BOOTSTRAP PROGRESS=14 TAG=handshake SUMMARY="Handshaking with a relay""#)
                == .bootstrap(.init(progress: 14, tag: "handshake", summary: "Handshaking with a relay")))
        #expect(
            Self.event(
                #"STATUS_CLIENT WARN BOOTSTRAP PROGRESS=5 TAG=conn SUMMARY="Connecting" WARNING="Connection refused" "#
                    + #"REASON=CONNECTREFUSED COUNT=5 RECOMMENDATION=warn HOSTID="AB" HOSTADDR="127.0.0.1:1""#)
                == .bootstrap(.init(progress: 5, tag: "conn", summary: "Connecting", warning: "Connection refused")))
        #expect(BootstrapStatus(#"NOTICE BOOTSTRAP PROGRESS=100 TAG=done SUMMARY="Done""#)?.isDone == true)
    }

    @Test func readsLiveness() {
        #expect(Self.event("NETWORK_LIVENESS UP") == .networkLiveness(isUp: true))
        #expect(Self.event("NETWORK_LIVENESS DOWN") == .networkLiveness(isUp: false))
    }

    @Test(arguments: [
        "HS_DESC UPLOADED", "HS_DESC MELTED a b c", "HS_DESC", "STATUS_CLIENT NOTICE CIRCUIT_ESTABLISHED",
        "STATUS_CLIENT NOTICE BOOTSTRAP PROGRESS=101", "STATUS_CLIENT NOTICE BOOTSTRAP PROGRESS=-1",
        "STATUS_CLIENT NOTICE BOOTSTRAP", "STATUS_CLIENT", #"STATUS_CLIENT NOTICE BOOTSTRAP PROGRESS=1 SUMMARY="open"#,
        "NETWORK_LIVENESS SIDEWAYS", "NETWORK_LIVENESS", "CIRC 1 BUILT", "",
    ])
    func leavesOtherEventsAlone(text: String) {
        #expect(Self.event(text) == .other(String(text.prefix { $0 != " " })))
    }

    @Test("Circuits of services, and no others, are heard of")
    func circuits() {
        let id = OnionKey().address.serviceID
        func change(_ text: String) -> CircuitEvent? {
            let event = ControlEvent(ControlReply(status: 650, lines: [.init(text)]))
            return if case .circuit(let event) = event { event } else { nil }
        }
        let path = "$95D899D0E0F787F29C055635C292AA223D562F01~relay0 BUILD_FLAGS=IS_INTERNAL,NEED_UPTIME"
        let introduction = "PURPOSE=HS_SERVICE_INTRO HS_STATE=HSSI_ESTABLISHED REND_QUERY=\(id) TIME_CREATED=2026-11-28"
        let old = "OLD_PURPOSE=HS_SERVICE_INTRO OLD_HS_STATE=HSSI_CONNECTING"
        #expect(
            change("CIRC_MINOR 14 PURPOSE_CHANGED \(path) \(introduction) \(old)")
                == CircuitEvent("14", .introduction(serviceID: id)))
        let joined = "PURPOSE=HS_SERVICE_REND HS_STATE=HSSR_JOINED REND_QUERY=\(id)"
        #expect(
            change("CIRC_MINOR 27 PURPOSE_CHANGED \(path) \(joined)") == CircuitEvent("27", .rendezvous(serviceID: id)))
        #expect(change("CIRC 27 CLOSED \(path) \(joined) REASON=REQUESTED") == CircuitEvent("27", .closed))
        #expect(change("CIRC 28 FAILED REASON=TIMEOUT") == CircuitEvent("28", .closed))
        #expect(
            change(
                "CIRC_BW ID=28 READ=3563 WRITTEN=2545 TIME=2026-11-28T17:30:51 DELIVERED_READ=1207 OVERHEAD_READ=2279")
                == CircuitEvent("28", .heard))
        for text in [
            "CIRC_BW ID=28 READ=509 WRITTEN=0 TIME=x DELIVERED_READ=0 OVERHEAD_READ=498", "CIRC_BW ID=28 READ=1",
            "CIRC 27 BUILT \(path) \(joined)", "CIRC_MINOR 9 CANNIBALIZED \(path) \(joined)", "CIRC", "CIRC 1",
            "CIRC_MINOR 1 PURPOSE_CHANGED", "CIRC \(String(repeating: "1", count: 17)) CLOSED x",
            "CIRC_MINOR 14 PURPOSE_CHANGED \(path) PURPOSE=HS_SERVICE_INTRO HS_STATE=HSSI_ESTABLISHED REND_QUERY=short",
            "CIRC_MINOR 14 PURPOSE_CHANGED \(path) PURPOSE=HS_CLIENT_REND HS_STATE=HSCR_JOINED REND_QUERY=\(id)",
        ] {
            #expect(change(text) == nil, "\(text)")
        }
    }
}
