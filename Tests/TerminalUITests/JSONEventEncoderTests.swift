import Chat
import Foundation
import Testing

@testable import TerminalUI

@Suite struct JSONEventEncoderTests {
    private func line(_ event: ChatEvent, at time: Int64 = 1_700_000_000_007) -> String {
        var bytes: [UInt8] = []
        JSONEventEncoder.append(event, at: time, to: &bytes)
        return String(decoding: bytes, as: UTF8.self)
    }

    private func fields(_ event: ChatEvent) -> String {
        let opening = #","time":"2023-11-14T22:13:20.007Z""#
        return line(event).replacing(opening, with: "", maxReplacements: 1)
    }

    @Test("Starting") func starting() {
        #expect(
            line(.starting(.torBootstrap, progress: 40))
                == #"{"event":"starting","time":"2023-11-14T22:13:20.007Z","phase":"tor-bootstrap","progress":40}"#
                + "\n")
        #expect(fields(.starting(.dial, progress: nil)) == #"{"event":"starting","phase":"dial"}"# + "\n")
    }

    @Test("Ready") func ready() {
        let opening = #"{"event":"ready","room":"a3f5d7b9e2c4f6a8","transport":"onion","address":"x.onion:12345","#
        let invite = #""invite":"termtalk://a3f5d7b9e2c4f6a8@x.onion:12345/?k=K","host_key":"KEY","#
        #expect(
            fields(Sample.ready(.onion, timeToLive: 300))
                == opening + invite + #""expires":"2023-11-14T22:18:20.000Z"}"# + "\n")
        #expect(fields(Sample.ready(.onion, timeToLive: nil)) == opening + invite + #""expires":null}"# + "\n")
    }

    @Test("Joined") func joined() throws {
        #expect(
            fields(try Sample.joined(expires: nil))
                == #"{"event":"joined-room","room":"r1","transport":"direct","address":"127.0.0.1:4000","#
                + #""member":"zzz777","members":[{"id":"abc234","nick":"alice","host":true,"verified":true,"moderator":false,"away_since":null},"#
                + #"{"id":"zzz777","nick":"zzz777","host":false,"verified":false,"moderator":false,"away_since":null}],"#
                + #""host_key":"KEY","trust":"new","expires":null}"# + "\n")
    }

    @Test("Members come and go") func members() throws {
        let id = try Sample.id("abc234")
        #expect(
            fields(.memberJoined(id: id, nick: "alice", count: 3))
                == #"{"event":"member-joined","id":"abc234","nick":"alice","count":3}"# + "\n")
        #expect(
            fields(.memberLeft(id: id, nick: "alice", reason: .kicked, count: 2))
                == #"{"event":"member-left","id":"abc234","nick":"alice","count":2,"reason":"kicked"}"# + "\n")
        let since = #""since":"2023-11-14T22:13:20.000Z"}"# + "\n"
        #expect(
            fields(.memberAway(id: id, nick: "alice", since: 1_700_000_000))
                == #"{"event":"member-away","id":"abc234","nick":"alice","# + since)
        #expect(
            fields(.memberBack(id: id, nick: "alice", since: 1_700_000_000))
                == #"{"event":"member-back","id":"abc234","nick":"alice","# + since)
        #expect(
            fields(.members([.init(id: id, nick: "alice", isHost: false, isVerified: false, awaySince: 1_700_000_000)]))
                == #"{"event":"members","members":[{"id":"abc234","nick":"alice","host":false,"verified":false,"#
                + #""moderator":false,"away_since":"2023-11-14T22:13:20.000Z"}]}"# + "\n")
        #expect(
            fields(.nickChanged(id: id, oldNick: "alice", nick: "carol"))
                == #"{"event":"nick-changed","id":"abc234","nick":"carol","old_nick":"alice"}"# + "\n")
        #expect(
            fields(.members([.init(id: id, nick: "alice", isHost: true, isVerified: false)]))
                == #"{"event":"members","members":[{"id":"abc234","nick":"alice","host":true,"verified":false,"moderator":false,"away_since":null}]}"#
                + "\n")
        #expect(fields(.members([])) == #"{"event":"members","members":[]}"# + "\n")
    }

    @Test("Messages") func messages() throws {
        #expect(
            fields(try Sample.message("hi \"é\"\n\\/"))
                == #"{"event":"message","id":"00000000000000ab","seq":7,"from":"abc234","nick":"alice","#
                + #""text":"hi \"é\"\n\\/","kind":"text","self":false}"# + "\n")
        #expect(
            fields(try Sample.message("psst", kind: .private, isOwn: true, to: Sample.id("zzz777")))
                == #"{"event":"message","id":"00000000000000ab","seq":null,"from":"abc234","nick":"alice","#
                + #""text":"psst","kind":"private","self":true,"to":"zzz777"}"# + "\n")
        #expect(
            fields(.waiting(MessageID(1), text: "a\u{1B}b\nc"))
                == #"{"event":"waiting","id":"0000000000000001","text":"a�b\nc"}"# + "\n")
        #expect(
            fields(.warning(.init(.messagesMissed, "gone", count: 7)))
                == #"{"event":"warning","code":"messages-missed","message":"gone","hint":null,"count":7}"# + "\n")
        #expect(fields(.delivered(MessageID(1))) == #"{"event":"delivered","id":"0000000000000001"}"# + "\n")
        #expect(
            fields(.acknowledged(MessageID(1), count: 2, of: 5, missed: 1))
                == #"{"event":"acknowledged","id":"0000000000000001","count":2,"of":5,"missed":1}"# + "\n")
    }

    @Test("Answers, connection, notices, end") func others() {
        #expect(fields(.invite("termtalk://x")) == #"{"event":"invite","invite":"termtalk://x"}"# + "\n")
        #expect(fields(.help(["/who", "/me A"])) == #"{"event":"help","lines":["/who","/me A"]}"# + "\n")
        #expect(line(.clearScreen).isEmpty)
        #expect(line(.room(.joinRequestOver(id: MemberID(entropy: 1)))).isEmpty)
        #expect(
            fields(.connection(.init(state: .reconnecting, attempt: 2, retryInMilliseconds: 1500, cause: "reset")))
                == #"{"event":"connection","state":"reconnecting","attempt":2,"retry_in_ms":1500,"cause":"reset"}"#
                + "\n")
        #expect(
            fields(.connection(.init(state: .connected)))
                == #"{"event":"connection","state":"connected","attempt":null,"retry_in_ms":null,"cause":null}"# + "\n")
        #expect(
            fields(.warning(.init(.nickTaken, "nick: taken", hint: "choose")))
                == #"{"event":"warning","code":"nick-taken","message":"nick: taken","hint":"choose"}"# + "\n")
        #expect(
            fields(.error(.init(.usage, "x")))
                == #"{"event":"error","code":"usage","message":"x","hint":null}"# + "\n")
        #expect(
            fields(.closed(.moderatorEnded)) == #"{"event":"closed","reason":"host-quit","by":"moderator"}"# + "\n")
        #expect(fields(.closed(.hostQuit)) == #"{"event":"closed","reason":"host-quit"}"# + "\n")
    }

    @Test("What is to be compared") func verification() throws {
        let key = Fingerprint(of: [1])
        let alice = ChatEvent.MemberInfo(id: try Sample.id("abc234"), nick: "alice", isHost: true, isVerified: true)
        #expect(
            fields(
                .verification(
                    .room(
                        .init(
                            epoch: 7, isCurrent: true, words: ["zoo", "zero"],
                            members: [.init(info: alice, isOwn: false, fingerprint: key)]))))
                == #"{"event":"verification","epoch":7,"current":true,"words":["zoo","zero"],"members":["#
                + #"{"id":"abc234","nick":"alice","host":true,"verified":true,"moderator":false,"away_since":null,"self":false,"fingerprint":"\#(key)"}]}"#
                + "\n")
        #expect(
            fields(
                .verification(
                    .check(.init(member: alice.id, nick: "alice", state: .compare, words: ["zoo", "zero"]))))
                == #"{"event":"verification","member":"abc234","nick":"alice","state":"compare","words":["zoo","zero"]}"#
                + "\n")
    }

    @Test("Lines are appended to what is there") func appended() {
        var bytes = Array("before\n".utf8)
        JSONEventEncoder.append(.closed(.ttl), at: 0, to: &bytes)
        JSONEventEncoder.append(.clearScreen, at: 0, to: &bytes)
        #expect(
            String(decoding: bytes, as: UTF8.self)
                == "before\n" + #"{"event":"closed","time":"1970-01-01T00:00:00.000Z","reason":"ttl"}"# + "\n")
    }

    @Test("Text from peers is sanitized") func sanitized() throws {
        let text = line(try Sample.message("a\u{1B}[2Jb\u{202E}c\u{2028}d\u{7F}", nick: "x\ny"))
        #expect(text.contains(#""text":"a\#u{FFFD}[2Jb\#u{FFFD}c\#u{FFFD}d\#u{FFFD}""#))
        #expect(text.contains(#""nick":"x\#u{FFFD}y""#))
    }

    @Test("Random text: one line of valid JSON with the text of the sanitizer")
    func random() throws {
        for _ in 0..<500 {
            let scalars = (0..<Int.random(in: 0...20)).compactMap { _ in
                Unicode.Scalar(UInt32.random(in: 0...(Bool.random() ? 0x80 : 0x2100)))
            }
            let text = String(String.UnicodeScalarView(scalars))
            let line = line(try Sample.message(text, nick: text))
            #expect(line.utf8.filter { $0 == 0x0A }.count == 1)
            let object = try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
            #expect((object["text"] as? String) == Sanitizer.sanitize(text, as: .message))
            #expect((object["nick"] as? String) == Sanitizer.sanitize(text, as: .line))
            #expect((object["seq"] as? Int) == 7)
        }
    }

    @Test("The writer escapes what the sanitizer would have taken away")
    func escapes() throws {
        let text =
            String(String.UnicodeScalarView((0...0x2FF).compactMap(Unicode.Scalar.init)))
            + "\u{2027}\u{2028}\u{2029}\u{202A}¨©"
        var writer = JSONLineWriter(appendingTo: [])
        writer.beginObject()
        writer.field("s", text)
        writer.endObject()
        let object = try #require(try JSONSerialization.jsonObject(with: Data(writer.bytes)) as? [String: String])
        #expect(object["s"].map { Array($0.utf8) } == Array(text.utf8))
        let json = String(decoding: writer.bytes, as: UTF8.self)
        #expect(json.contains(#"\u2028\u2029"#))
        #expect(json.contains(#"\u0000\u0001"#))
        #expect(json.contains(#"~\u007f"#))
        #expect(!json.unicodeScalars.contains { $0.value < 0x20 || $0 == "\u{2028}" || $0 == "\u{2029}" })
    }
}
