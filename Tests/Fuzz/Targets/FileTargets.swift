import Chat
import Configuration
import Glibc
import Room
import SecureSession
import Sodium
import TorController

@testable import RoomStore
@testable import TermTalk

/// What stands in files and on command lines: invites, addresses, the registry and the trust store, the configuration.
let fileTargets = [
    FuzzTarget("invite", atMost: 512, seeds: inviteSeeds, run: invite),
    FuzzTarget("stores", atMost: 1_024, seeds: storeSeeds, run: stores),
    FuzzTarget("kept-room", atMost: 512, seeds: keptRoomSeeds, run: keptRoom),
    FuzzTarget("room-store", atMost: 128, seeds: roomStoreSeeds, run: roomStore),
    FuzzTarget(
        "config", atMost: 1_024,
        seeds: {
            [
                "nick = \"alice\"\nplain = true\n[tor]\nmode = 'managed' # yes\n[host]\nport = 12_345\n",
                "host.ttl = \"15m\"\r\n\"bell\" = \"\\u0041\\n\"\nlog-level=\"debug\"\n", "[join]\nstrict=false\nx=-1",
            ].map { Array($0.utf8) }
        }, run: config),
]

private func inviteSeeds() -> [[UInt8]] {
    let secret = InviteSecret(SecretBytes(copying: [UInt8](repeating: 5, count: InviteSecret.byteCount).span))
    guard let room = RoomName("lobby"), let hostKey = try? X25519.PublicKey([9] + [UInt8](repeating: 0, count: 31)),
        let address = try? RoomAddress("127.0.0.1:4000"), let onion = OnionAddress(publicKey: onionKey)
    else { preconditionFailure("these are good") }
    let addresses: [RoomAddress] = [address, .onion(onion, port: 12_345)]
    return addresses.flatMap { address in
        let text = Invite(
            room: room, address: address, hostKey: hostKey, creatorKey: nil, secret: secret,
            isAuthorized: address.onionKey != nil
        ).text
        return [[0] + Array(text.utf8), [1] + Array(text.utf8)]
    }
}

/// A point of the curve: that of RFC 8032, section 7.1, TEST 1.
private let onionKey: [UInt8] = [
    0xd7, 0x5a, 0x98, 0x01, 0x82, 0xb1, 0x0a, 0xb7, 0xd5, 0x4b, 0xfe, 0xd3, 0xc9, 0x64, 0x07, 0x3a, 0x0e, 0xe1, 0x72,
    0xf3, 0xda, 0xa6, 0x23, 0x25, 0xaf, 0x02, 0x1a, 0x68, 0xf7, 0x07, 0x51, 0x1a,
]

/// A text as it was pasted; in the second form its check is made right, so that what is behind the check is reached.
private func invite(_ input: [UInt8]) {
    let isMended = input.first == 1
    var text = String(decoding: input.dropFirst(), as: UTF8.self)
    if isMended { text = mended(text) }
    if let invite = try? Invite(parsing: text) {
        let again = try? Invite(parsing: invite.text)
        precondition(again?.text == invite.text, "an invite changes when it is read again")
        precondition(again?.address == invite.address && again?.room == invite.room, "an invite leads elsewhere")
    }
    let address = String(text.dropFirst(Invite.scheme.count))
    if let parsed = try? RoomAddress(address) {
        precondition((try? RoomAddress(parsed.text)) == parsed, "an address changes when it is read again")
    }
    _ = X25519.PublicKey(text: address)
}

private func mended(_ text: String) -> String {
    guard let mark = text.firstRange(of: "/?k="), let at = text.firstIndex(of: "@"), at < mark.lowerBound,
        let key = Base64URL.decode(text[mark.upperBound...]), key.count > 3,
        let address = try? RoomAddress(String(text[text.index(after: at)..<mark.lowerBound]))
    else { return text }
    let room = text[..<at].dropFirst(Invite.scheme.count)
    var hash = BLAKE2b()
    hash.update(Array("\(room)@\(address.text)/".utf8).span)
    hash.update(Array(key.dropLast(3)).span)
    return text[..<mark.upperBound] + Base64URL.encode(key.dropLast(3) + hash.finalize().prefix(3))
}

private func storeSeeds() -> [[UInt8]] {
    let entry = #"{"room":"r","transport":"direct","address":"127.0.0.1:1","host_key":"00","expires":5}"#
    return [
        #"{"version":1,"entries":[\#(entry)]}"#, #"{"version":1,"entries":[]}"#, #"{"version":2}"#,
        #"{"version":1,"entries":[{"room":"r","address":"a:1","host_key":"ab cd"}]}"#,
    ].map { Array($0.utf8) }
}

/// A file that is read as both stores; what is not understood is a warning, and set aside.
private func stores(_ input: [UInt8]) {
    let file = PrivateFile(path: "/dev/shm/termtalk-fuzz-\(getpid())-\(pthread_self())")
    guard (try? file.write(input)) != nil else { preconditionFailure("no place for a file") }
    defer { unlink(file.path) }
    let store = JSONStore<RoomRegistry.Entry>(
        file: file, unreadable: .registryUnreadable, unwritable: .registryUnwritable)
    let loaded = store.load()
    precondition(loaded.warning == nil || loaded.entries.isEmpty, "a damaged file is believed")
    for entry in loaded.entries {
        _ = X25519.PublicKey(text: entry.hostKey)
        _ = try? RoomAddress(entry.address)
        _ = RoomName(entry.room)
    }
}

private func keptRoomSeeds() -> [[UInt8]] {
    guard let name = RoomName("kept"), let room = RoomName("lobby"),
        let file = try? KeptRoomFile(KeptRoom(new: room), name: name, passphrase: nil)
    else { preconditionFailure("these are good") }
    let bytes = file.bytes.withBytes { bytes in bytes.indices.map { bytes[$0] } }
    return [[0] + bytes, [1] + bytes]
}

/// A kept room's file; in the second form its check is made right. What is sealed stays so: nobody has the passphrase.
private func keptRoom(_ input: [UInt8]) {
    guard let name = RoomName("kept") else { preconditionFailure("a name") }
    var bytes = Array(input.dropFirst())
    if input.first == 1, bytes.count == KeptRoomFile.byteCount {
        var hash = BLAKE2b()
        hash.update(Array(name.description.utf8).span)
        hash.update(Array(bytes.dropLast(16)).span)
        bytes.replaceSubrange(bytes.count - 16..<bytes.count, with: hash.finalize().prefix(16))
    }
    guard let file = try? KeptRoomFile(reading: SecretBytes(copying: bytes.span), name: name) else { return }
    guard !file.isSealed, let room = try? file.room(name: name, passphrase: nil) else { return }
    precondition(RoomName(room.room.description) == room.room, "a room without a name")
    _ = room.onionKey().address
    _ = room.staticKey().publicKey
}

private func roomStoreSeeds() -> [[UInt8]] {
    let key = SecretBytes(copying: [UInt8](repeating: 7, count: RoomStore.keyByteCount).span)
    return [
        StoreKeyFile(sealing: key, key: key, name: "lobby").bytes, StoreKeyFile.ended, StoreLedger().encoded,
        [1] + [UInt8](repeating: 0, count: 31) + [5],
    ]
}

/// The key file of a room's store, and its ledger, which nobody without the key can change.
private func roomStore(_ input: [UInt8]) {
    if let ledger = try? StoreLedger(decoding: input) {
        // One of before has less.
        precondition(ledger.encoded.starts(with: input), "a ledger changes when it is read again")
        precondition((try? StoreLedger(decoding: ledger.encoded)) == ledger, "what is written is not what was read")
        precondition(
            ledger.firstInput <= ledger.nextInput && ledger.firstEntry <= ledger.nextEntry, "numbers run backwards")
    }
    guard let file = try? StoreKeyFile(reading: input) else { return }
    precondition(file.bytes == input && input.count == StoreKeyFile.byteCount, "a file of another length is believed")
    let key = SecretBytes(copying: [UInt8](repeating: 7, count: RoomStore.keyByteCount).span)
    if let rowKey = try? file.rowKey(key: key, name: "lobby") { precondition(rowKey.count == key.count, "no key") }
}

/// A file of settings; those that are understood can be looked up.
private func config(_ input: [UInt8]) {
    let text = String(decoding: input, as: UTF8.self)
    guard let settings = try? Settings(file: text, environment: { _ in nil }) else { return }
    precondition((try? TOMLDocument(parsing: text)) != nil, "settings from what is no document")
    for setting in Setting.allCases where setting.kind == .integer {
        precondition(settings[setting].map { Int64($0) != nil } ?? true, "a number that is none")
    }
}
