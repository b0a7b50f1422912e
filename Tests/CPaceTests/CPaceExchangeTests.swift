import CPace
import Sodium
import TestSupport
import Testing

@Suite struct CPaceExchangeTests {
    @Test func bothHaveTheSameKeyAndKnowIt() throws {
        let initiator = try CPaceInitiator(.ofTests())
        let responder = try CPaceResponder(.ofTests(), peerShare: initiator.share)
        let unconfirmed = try initiator.received(share: responder.share)
        let confirmed = try responder.confirmed(by: unconfirmed.tag)
        let tag = confirmed.tag
        let key = try unconfirmed.confirmed(by: tag)
        #expect(key.revealed == confirmed.sessionKey.revealed)
        #expect(key.count == SHA512.digestByteCount)
        #expect(tag.count == CPaceSuite.tagByteCount)
    }

    /// What differs between the two sides, each alone.
    enum Difference: CaseIterable {
        case password, longerPassword, channel, session

        func context() -> CPaceContext {
            switch self {
            case .password: .ofTests(password: "correct horsf")
            case .longerPassword: .ofTests(password: "correct horse ")
            case .channel: .ofTests(channel: [1, 2, 4])
            case .session: .ofTests(session: [4, 5])
            }
        }
    }

    @Test(arguments: Difference.allCases) func whateverDiffersNeitherIsConvinced(_ difference: Difference) throws {
        let initiator = try CPaceInitiator(.ofTests())
        let responder = try CPaceResponder(difference.context(), peerShare: initiator.share)
        let unconfirmed = try initiator.received(share: responder.share)
        let tag = unconfirmed.tag
        #expect(failure(of: responder, by: tag) == .notConfirmed)
        // A responder that skipped its own check would still have to show a tag.
        #expect(failure(of: unconfirmed, by: tag) == .notConfirmed)
    }

    @Test func dataIsBoundToTheKey() throws {
        let initiator = try CPaceInitiator(.ofTests(), data: [1])
        let responder = try CPaceResponder(.ofTests(), peerShare: initiator.share, peerData: [2])
        let tag = try initiator.received(share: responder.share).tag
        #expect(failure(of: responder, by: tag) == .notConfirmed)
    }

    /// A tag sent back to its sender convinces nobody, nor does one with a bit changed, cut off, or empty.
    @Test func onlyTheOthersTagConfirms() throws {
        for change in 0..<4 {
            let initiator = try CPaceInitiator(.ofTests())
            let responder = try CPaceResponder(.ofTests(), peerShare: initiator.share)
            let unconfirmed = try initiator.received(share: responder.share)
            let own = unconfirmed.tag
            var tag = try responder.confirmed(by: own).tag
            switch change {
            case 0: tag = own
            case 1: tag[63] ^= 1
            case 2: tag.removeLast()
            default: tag = []
            }
            #expect(failure(of: unconfirmed, by: tag) == .notConfirmed)
        }
    }

    @Test func ownShareIsRefused() throws {
        let initiator = try CPaceInitiator(.ofTests())
        let share = initiator.share
        #expect(failure(of: initiator, share: share) == .reflectedShare)
        // A responder with the same scalar would answer with what it got.
        let scalar = SecretBytes(randomCount: 16).withBytes { bytes in
            SecretBytes(copying: (bytes.indices.map { bytes[$0] } + [UInt8](repeating: 0, count: 16)).span)
        }
        let again = try CPaceInitiator(.ofTests(), scalar: Ristretto255.Scalar(copying: scalar)).share
        #expect(throws: CPaceError.reflectedShare) {
            _ = try CPaceResponder(.ofTests(), peerShare: again, scalar: Ristretto255.Scalar(copying: scalar))
        }
    }

    @Test(arguments: [
        "",
        "00",
        // The neutral element; a negative field element; one above the prime; no square.
        "0000000000000000000000000000000000000000000000000000000000000000",
        "0100000000000000000000000000000000000000000000000000000000000000",
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "26948d35ca62e643e26a83177332e6b6afeb9d08e4268b650f1f5bbd8d81d371",
        "3eb858e78f5a7254d8c9731174a94f76755fd3941c0ac93735c07ba14579630e00",
    ])
    func whatIsNoShareIsRefused(_ text: String) throws {
        let share = try bytes(hex: text)
        #expect(throws: CPaceError.invalidShare) { _ = try CPaceInitiator(.ofTests()).received(share: share) }
        #expect(throws: CPaceError.invalidShare) { _ = try CPaceResponder(.ofTests(), peerShare: share) }
    }

    /// Whoever recorded an exchange can repeat the initiator's part of it, and not answer the new share.
    @Test func aReplayConvincesNobody() throws {
        let initiator = try CPaceInitiator(.ofTests())
        let recordedShare = initiator.share
        let recordedTag: [UInt8]
        do {
            let responder = try CPaceResponder(.ofTests(), peerShare: recordedShare)
            recordedTag = try initiator.received(share: responder.share).tag
            _ = try responder.confirmed(by: recordedTag)
        }
        let second = try CPaceResponder(.ofTests(), peerShare: recordedShare)
        #expect(failure(of: second, by: recordedTag) == .notConfirmed)
        let otherSession = try CPaceResponder(.ofTests(session: [9]), peerShare: recordedShare)
        #expect(failure(of: otherSession, by: recordedTag) == .notConfirmed)
    }

    /// Somebody between two exchanges, who passes shares and tags on, has two sessions and no password.
    @Test func aRelayBetweenTwoSessionsFails() throws {
        let initiator = try CPaceInitiator(.ofTests(session: [1]))
        let responder = try CPaceResponder(.ofTests(session: [2]), peerShare: initiator.share)
        let unconfirmed = try initiator.received(share: responder.share)
        let tag = unconfirmed.tag
        #expect(failure(of: responder, by: tag) == .notConfirmed)
    }

    @Test(arguments: [0, 1, 107, 108, 109, 127, 128, 1_024]) func passwordsOfAllLengths(count: Int) throws {
        let password = String(repeating: "x", count: count)
        let initiator = try CPaceInitiator(.ofTests(password: password))
        let responder = try CPaceResponder(.ofTests(password: password), peerShare: initiator.share)
        let unconfirmed = try initiator.received(share: responder.share)
        let tag = unconfirmed.tag
        let answer = try responder.confirmed(by: tag).tag
        _ = try unconfirmed.confirmed(by: answer)
    }
}

// `#expect` cannot look into what consumes a value.

private func failure(of responder: consuming CPaceResponder, by tag: [UInt8]) -> CPaceError? {
    do throws(CPaceError) {
        _ = try responder.confirmed(by: tag)
        return nil
    } catch {
        return error
    }
}

private func failure(of unconfirmed: consuming CPaceInitiator.Unconfirmed, by tag: [UInt8]) -> CPaceError? {
    do throws(CPaceError) {
        _ = try unconfirmed.confirmed(by: tag)
        return nil
    } catch {
        return error
    }
}

private func failure(of initiator: consuming CPaceInitiator, share: [UInt8]) -> CPaceError? {
    do throws(CPaceError) {
        _ = try initiator.received(share: share)
        return nil
    } catch {
        return error
    }
}
