import CSodium
import Glibc
import Noise
import Room
import SecureSession
import Sodium
import Wire

/// What sealing costs in our layers, as a multiple of the bare call to libsodium on the same payload.
///
/// `cipher` is Noise's CipherState, `session` a whole session: queue, record, padding to the next bucket, seal. Since the
/// padding is sealed too, `padded` is the bare call on as many bytes as the session seals. Medians over rounds in which all
/// run one after another.
final class SealingBenchmark {
    private static let rounds = 41
    private static let key = [UInt8](repeating: 7, count: 32)
    private static let nonce = [UInt8](repeating: 0, count: 12)

    private var transport: Noise.Transport
    private var session: SecureSession
    private var peer: SecureSession
    private var scratch: [UInt8] = []
    private var buffer = [UInt8](repeating: 0, count: 65_536)

    init() throws {
        transport = try Self.finishedHandshake()
        session = SecureSession(responder: try BenchmarkRoom.identity(), now: .zero)
        var events: [SessionEvent] = []
        peer = try SecureSession(
            initiator: JoinCredentials(
                prologue: BenchmarkRoom.prologue, staticKey: X25519.PrivateKey(), hostKey: nil, invite: nil),
            now: .zero, events: &events)
        while !events.isEmpty {
            var answers: [SessionEvent] = []
            for case .send(let bytes) in events {
                try session.received(bytes.span, now: .zero, scratch: &scratch, events: &answers)
            }
            events = []
            for case .send(let bytes) in answers {
                try peer.received(bytes.span, now: .zero, scratch: &scratch, events: &events)
            }
        }
    }

    func run() throws {
        for size in [64, 256, 1_024, 16_384] {
            let iterations = max(200, 2_000_000 / (size + 512))
            let padded = try sealedByteCount(size)
            var raw: [Double] = []
            var ratios: [[Double]] = [[], [], []]
            for _ in 0..<Self.rounds {
                let bare = time(iterations) { sealBare(size) }
                let bareNext = time(iterations) { sealBare(padded) }
                let cipher = try time(iterations) { try sealWithCipher(size) }
                let session = try timeSession(size, iterations)
                raw.append(bare)
                ratios[0].append(cipher / bare)
                ratios[1].append(session / bare)
                ratios[2].append(session / bareNext)
            }
            var line = JSONLine()
            line.add("test", "seal")
            line.add("bytes", size)
            line.add("padded_bytes", padded)
            line.add("sodium_ns", raw.sorted()[Self.rounds / 2])
            for (name, values) in zip(["cipher", "session", "session_padded"], ratios) {
                line.add(name, values.sorted()[Self.rounds / 2])
            }
            print(line.text)
        }
    }

    // MARK: What is measured

    private func sealBare(_ count: Int) {
        buffer.withUnsafeMutableBufferPointer { buffer in
            guard let base = buffer.baseAddress else { return }
            _ = crypto_aead_chacha20poly1305_ietf_encrypt_detached(
                base, base + count, nil, base, UInt64(count), nil, 0, nil, Self.nonce, Self.key)
        }
    }

    private func sealWithCipher(_ count: Int) throws {
        try buffer.withUnsafeMutableBufferPointer { buffer in
            var message = buffer.extracting(..<(count + CipherState.tagByteCount)).mutableSpan
            try transport.sending.encrypt(inPlace: &message)
        }
    }

    /// Sealing by the session; what the peer does to acknowledge is not counted.
    private func timeSession(_ count: Int, _ iterations: Int) throws -> Double {
        let body = [UInt8](repeating: 1, count: count)
        var wire: [UInt8] = []
        var total = 0.0
        var events: [SessionEvent] = []
        // So few that the wire bytes stay in the cache, as they do when written each turn.
        let batch = count > 1_024 ? 8 : 100
        for _ in 0..<max(1, iterations / batch) {
            wire.removeAll(keepingCapacity: true)
            total += try time(1) {
                for _ in 0..<batch {
                    session.enqueue(EncodedMessage(type: 0x25, body: body))
                    try session.seal(into: &wire, now: .zero)
                }
            }
            try peer.received(wire.span, now: .zero, scratch: &scratch, events: &events)
            wire.removeAll(keepingCapacity: true)
            peer.acknowledgeSoon()
            try peer.seal(into: &wire, now: .zero)
            try session.received(wire.span, now: .zero, scratch: &scratch, events: &events)
            events.removeAll(keepingCapacity: true)
        }
        return total / Double(max(1, iterations / batch) * batch)
    }

    /// Bytes that the session encrypts for one message of `count`.
    private func sealedByteCount(_ count: Int) throws -> Int {
        var wire: [UInt8] = []
        session.enqueue(EncodedMessage(type: 0x25, body: [UInt8](repeating: 1, count: count)))
        try session.seal(into: &wire, now: .zero)
        var events: [SessionEvent] = []
        try peer.received(wire.span, now: .zero, scratch: &scratch, events: &events)
        return wire.count - 2 - CipherState.tagByteCount
    }

    /// Nanoseconds of this thread for each of `iterations` runs.
    private func time<E: Error>(_ iterations: Int, _ body: () throws(E) -> Void) throws(E) -> Double {
        let start = timespec.nanoseconds(on: CLOCK_THREAD_CPUTIME_ID)
        for _ in 0..<iterations {
            try body()
        }
        return Double(timespec.nanoseconds(on: CLOCK_THREAD_CPUTIME_ID) - start) / Double(iterations)
    }

    private static func finishedHandshake() throws(NoiseError) -> Noise.Transport {
        var one = try handshake(.initiator)
        var other = try handshake(.responder)
        let first = try one.writeMessage()
        _ = try other.readMessage(first.span)
        let second = try other.writeMessage()
        _ = try one.readMessage(second.span)
        let third = try one.writeMessage()
        _ = try other.readMessage(third.span)
        return try one.split()
    }

    private static func handshake(_ role: Role) throws(NoiseError) -> HandshakeState {
        try HandshakeState(
            pattern: .XX, role: role, prologue: [], staticKey: X25519.PrivateKey(), remoteStatic: nil,
            presharedKey: nil)
    }
}
