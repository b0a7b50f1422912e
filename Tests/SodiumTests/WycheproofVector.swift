import Foundation
import Sodium
import TestSupport
import Testing

/// One vector of a Wycheproof file.
protocol WycheproofVector: Decodable {
    /// The `type` of the groups that hold such vectors.
    static var groupType: String { get }

    var tcId: Int { get }
    var result: WycheproofResult { get }

    /// Whether an implementation that behaves as the vector demands was found here.
    func behavesAsDemanded(in group: WycheproofGroup) throws -> Bool
}

enum WycheproofResult: String, Decodable {
    case valid, invalid, acceptable
}

/// What the groups of some types say for all their vectors.
struct WycheproofGroup: Decodable {
    struct PublicKey: Decodable {
        let pk: String
        let curve: String?
    }

    let type: String
    let curve: String?
    let tagSize: Int?
    let publicKey: PublicKey?
}

/// How many vectors of a file were run; every one that fails is recorded as an issue.
struct WycheproofTally {
    private(set) var run = 0
    private(set) var passedOver: [String: Int] = [:]

    private struct Tests<Vector: Decodable>: Decodable {
        let tests: [Vector]
    }

    private struct File<Content: Decodable>: Decodable {
        let testGroups: [Content]
    }

    private struct Anything: Decodable {}

    init<Vector: WycheproofVector>(_ content: Data, of vector: Vector.Type) throws {
        let groups = try JSONDecoder().decode(File<WycheproofGroup>.self, from: content).testGroups
        let counts = try JSONDecoder().decode(File<Tests<Anything>>.self, from: content).testGroups.map(\.tests.count)
        guard groups.allSatisfy({ $0.type == Vector.groupType }) else {
            for (group, count) in zip(groups, counts) {
                passedOver["of type \(group.type)", default: 0] += count
            }
            return
        }
        let tests = try JSONDecoder().decode(File<Tests<Vector>>.self, from: content).testGroups
        for (group, tests) in zip(groups, tests) {
            if let curve = group.curve ?? group.publicKey?.curve, !["curve25519", "edwards25519"].contains(curve) {
                passedOver["on \(curve)", default: 0] += tests.tests.count
                continue
            }
            for test in tests.tests {
                #expect(try test.behavesAsDemanded(in: group), "tcId \(test.tcId)")
                run += 1
            }
        }
    }
}

struct AeadTest: WycheproofVector {
    static let groupType = "AeadTest"
    let tcId: Int
    let result: WycheproofResult
    let key, iv, aad, msg, ct, tag: String

    func behavesAsDemanded(in group: WycheproofGroup) throws -> Bool {
        let iv = try bytes(hex: iv)
        let aad = try bytes(hex: aad)
        let msg = try bytes(hex: msg)
        let expected = try bytes(hex: ct) + bytes(hex: tag)
        guard iv.count == Nonce.byteCount else {
            // Other lengths must not even become a nonce.
            return result == .invalid && (try? Nonce(bytes: iv.span)) == nil
        }
        let nonce = try Nonce(bytes: iv.span)
        let opened = try? open(expected, aad, nonce, SecretBytes(hex: key))
        guard result == .valid else { return opened == nil }
        return try seal(msg, aad, nonce, SecretBytes(hex: key)) == expected && opened == msg
    }
}

struct XdhComp: WycheproofVector {
    static let groupType = "XdhComp"
    let tcId: Int
    let result: WycheproofResult
    let `public`, `private`, shared: String

    func behavesAsDemanded(in group: WycheproofGroup) throws -> Bool {
        let privateKey = try X25519.PrivateKey(copying: SecretBytes(hex: `private`))
        let publicKey = try X25519.PublicKey(bytes(hex: `public`))
        let shared = try bytes(hex: shared)
        guard shared.contains(where: { $0 != 0 }) else {
            do {
                _ = try privateKey.sharedSecret(with: publicKey)
                return false
            } catch {
                return error == .invalidPoint
            }
        }
        return try privateKey.sharedSecret(with: publicKey).revealed == shared
    }
}

struct EddsaVerify: WycheproofVector {
    static let groupType = "EddsaVerify"
    let tcId: Int
    let result: WycheproofResult
    let msg, sig: String

    func behavesAsDemanded(in group: WycheproofGroup) throws -> Bool {
        let publicKey = try Ed25519.PublicKey(bytes(hex: #require(group.publicKey).pk))
        let message = try bytes(hex: msg)
        let signature = try bytes(hex: sig)
        let isAccepted = Ed25519.verify(signature: signature.span, message: message.span, publicKey: publicKey)
        return isAccepted == (result == .valid)
    }
}

struct HkdfTest: WycheproofVector {
    static let groupType = "HkdfTest"
    let tcId: Int
    let result: WycheproofResult
    let ikm, salt, info, okm: String
    let size: Int

    func behavesAsDemanded(in group: WycheproofGroup) throws -> Bool {
        let ikm = try bytes(hex: ikm)
        let salt = try bytes(hex: salt)
        let info = try bytes(hex: info)
        let key = HKDFSHA256.extract(salt: salt.span, inputKey: ikm.span)
        do {
            let output = try HKDFSHA256.expand(key, info: info.span, count: size)
            return try result == .valid && output.revealed == bytes(hex: okm)
        } catch {
            return result == .invalid
        }
    }
}

struct MacTest: WycheproofVector {
    static let groupType = "MacTest"
    let tcId: Int
    let result: WycheproofResult
    let key, msg, tag: String

    func behavesAsDemanded(in group: WycheproofGroup) throws -> Bool {
        let key = try bytes(hex: key)
        let message = try bytes(hex: msg)
        let tagByteCount = try #require(group.tagSize) / 8
        let code = Array(HMACSHA256.authenticate(message.span, key: key.span).prefix(tagByteCount))
        return try constantTimeEquals(code, bytes(hex: tag)) == (result == .valid)
    }
}
