import Chat
import Foundation
import Testing

@testable import TerminalUI

/// What is told of the room itself, in lines and in JSON.
@Suite struct RoomChangeTests {
    private static let invite = RoomChange.Invite(
        number: 3, text: "termtalk://x", usesLeft: 2, used: 1, secondsLeft: nil)
    private static let endless = RoomChange.Invite(
        number: 1, text: "termtalk://y", usesLeft: nil, used: 0, secondsLeft: 60)

    private func lines(_ change: RoomChange) -> [String] {
        let lines = LineRenderer(echoOwn: true, colour: false).lines(for: .room(change))
        #expect(lines.stdout.isEmpty)
        return lines.stderr
    }

    private func json(_ change: RoomChange) throws -> String {
        var bytes: [UInt8] = []
        JSONEventEncoder.append(.room(change), at: 0, to: &bytes)
        let text = String(decoding: bytes, as: UTF8.self)
        _ = try JSONSerialization.jsonObject(with: Data(text.utf8))
        return text.replacing(#","time":"1970-01-01T00:00:00.000Z""#, with: "")
    }

    @Test("Lines") func inLines() throws {
        let id = try Sample.id("abc234")
        #expect(lines(.topic("cats \u{1b}[31m")) == ["-!- topic: cats \u{fffd}[31m"])
        #expect(lines(.topic("")) == ["-!- the room has no topic any more"])
        #expect(lines(.locked(true)) == ["-!- the room is locked: nobody new comes in"])
        #expect(lines(.locked(false)) == ["-!- the room is open again"])
        #expect(lines(.extended(secondsLeft: 90)) == ["-!- the room ends in 90 seconds"])
        #expect(
            lines(.ending(secondsLeft: 300, canExtend: true)) == [
                "-!- the room ends in 5 minutes: /extend 15m gives it more time"
            ])
        #expect(lines(.ending(secondsLeft: 60, canExtend: false)) == ["-!- the room ends in 60 seconds"])
        #expect(lines(.slow(seconds: 10)) == ["-!- slow mode: each member may say something once in 10 seconds"])
        #expect(lines(.slow(seconds: 0)) == ["-!- slow mode is over"])
        #expect(
            lines(.inviteMade(Self.invite)) == [
                "-!- invite  termtalk://x", "-!- invite 3: for 2 more, as long as the room; 1 came with it",
            ])
        #expect(
            lines(.invites([Self.endless])) == [
                "-!- invite 1: for any number, for 60 seconds; 0 came with it", "-!-   termtalk://y",
            ])
        #expect(lines(.inviteRevoked(number: 3)) == ["-!- invite 3 is no longer valid"])
        #expect(
            lines(.inviteRevoked(number: 1)) == [
                "-!- the room's invite is no longer valid; another one, with the same number, takes its place"
            ])
        #expect(lines(.joinRequestOver(id: id)) == [])
        #expect(
            lines(.joinRequest(id: id, nick: "alice")) == [
                "-!- alice wants to come in: /approve abc234 or /deny abc234"
            ])
    }

    @Test("Objects") func inJSON() throws {
        #expect(try json(.topic("a\nb")) == #"{"event":"topic-changed","topic":"a\#u{fffd}b"}"# + "\n")
        #expect(try json(.locked(true)) == #"{"event":"room-locked","locked":true}"# + "\n")
        #expect(try json(.extended(secondsLeft: 90)) == #"{"event":"room-extended","seconds_left":90}"# + "\n")
        #expect(
            try json(.ending(secondsLeft: 60, canExtend: true)) == #"{"event":"ending","seconds_left":60}"# + "\n")
        #expect(
            try json(.moved(address: "x.onion:1")) == #"{"event":"room-moved","address":"x.onion:1"}"# + "\n")
        #expect(
            try json(.hosts(addresses: ["a:1", "[2001:db8::1]:2"]))
                == #"{"event":"room-hosts","addresses":["a:1","[2001:db8::1]:2"]}"# + "\n")
        #expect(lines(.hosts(addresses: ["a:1"])) == [])
        #expect(try json(.slow(seconds: 10)) == #"{"event":"slow-mode","seconds":10}"# + "\n")
        let three = #""invite":"termtalk://x","number":3,"uses_left":2,"used":1,"seconds_left":null"#
        let one = #""invite":"termtalk://y","number":1,"uses_left":null,"used":0,"seconds_left":60"#
        #expect(try json(.inviteMade(Self.invite)) == #"{"event":"invite",\#(three)}"# + "\n")
        #expect(
            try json(.invites([Self.endless, Self.invite])) == #"{"event":"invites","invites":[{\#(one)},{\#(three)}]}"#
                + "\n")
        #expect(try json(.inviteRevoked(number: 3)) == #"{"event":"invite-revoked","number":3}"# + "\n")
        #expect(
            try json(.joinRequest(id: Sample.id("abc234"), nick: "alice"))
                == #"{"event":"join-request","id":"abc234","nick":"alice"}"# + "\n")
    }
}
