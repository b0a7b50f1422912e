import CPace
import Sodium
import TestSupport
import Testing

/// One file of vectors; each `check` returns how many values it compared.
struct CPaceVectorFile: Decodable {
    struct Suite: Decodable {
        let suite: String
    }

    let generator: Generator
    let exchange: Exchange
    let points: Points
    let strings: Strings

    private enum CodingKeys: String, CodingKey {
        case generator = "calculate_generator"
        case exchange = "protocol"
        case points
        case strings = "string_utils"
    }
}

/// A value that is written in hexadecimal.
struct HexValue: Decodable {
    let bytes: [UInt8]

    init(from decoder: any Decoder) throws {
        bytes = try TestSupport.bytes(hex: decoder.singleValueContainer().decode(String.self))
    }
}

extension CPaceVectorFile {
    struct Generator: Decodable {
        let PRS: HexValue
        let CI: HexValue
        let sid: HexValue
        let generator: HexValue

        private enum CodingKeys: String, CodingKey {
            case PRS, CI, sid
            case generator = "encoded generator g"
        }

        func check() throws -> Int {
            let context = CPaceContext(
                password: SecretBytes(copying: PRS.bytes.span), channelIdentifier: CI.bytes, sessionID: sid.bytes)
            #expect(CPaceSuite.generator(context).revealed == generator.bytes)
            return 1
        }
    }

    struct Exchange: Decodable {
        let PRS: HexValue
        let CI: HexValue
        let sid: HexValue
        let g: HexValue
        let ya: HexValue
        let ADa: HexValue
        let Ya: HexValue
        let yb: HexValue
        let ADb: HexValue
        let Yb: HexValue
        let K: HexValue
        let ISK_IR: HexValue
        let sid_output_ir: HexValue

        private func context() -> CPaceContext {
            CPaceContext(
                password: SecretBytes(copying: PRS.bytes.span), channelIdentifier: CI.bytes, sessionID: sid.bytes)
        }

        private func scalar(_ value: HexValue) throws -> Ristretto255.Scalar {
            try Ristretto255.Scalar(copying: SecretBytes(copying: value.bytes.span))
        }

        func check() throws -> Int {
            #expect(CPaceSuite.generator(context()).revealed == g.bytes)
            #expect(try scalar(ya).multiply(g.bytes.span).revealed == Ya.bytes)
            #expect(try scalar(yb).multiply(Ya.bytes.span).revealed == K.bytes)
            #expect(try scalar(ya).multiply(Yb.bytes.span).revealed == K.bytes)

            let initiator = try CPaceInitiator(context(), data: ADa.bytes, scalar: scalar(ya))
            #expect(initiator.share == Ya.bytes)
            let responder = try CPaceResponder(
                context(), peerShare: Ya.bytes, peerData: ADa.bytes, data: ADb.bytes, scalar: scalar(yb))
            #expect(responder.share == Yb.bytes)
            let unconfirmed = try initiator.received(share: Yb.bytes, data: ADb.bytes)
            let confirmed = try responder.confirmed(by: unconfirmed.tag)
            #expect(confirmed.sessionKey.revealed == ISK_IR.bytes)
            let key = try unconfirmed.confirmed(by: confirmed.tag)
            #expect(key.revealed == ISK_IR.bytes)

            let transcript = CPaceSuite.transcript(
                initiator: Ya.bytes, ADa.bytes, responder: Yb.bytes, ADb.bytes)
            #expect(SHA512.hash((Array("CPaceSidOutput".utf8) + transcript).span) == sid_output_ir.bytes)
            return 9
        }
    }

    struct Points: Decodable {
        struct Valid: Decodable {
            let scalar: HexValue
            let element: HexValue
            let product: HexValue
            let checkedProduct: HexValue

            private enum CodingKeys: String, CodingKey {
                case scalar = "s"
                case element = "X"
                case product = "G.scalar_mult(s,decode(X))"
                case checkedProduct = "G.scalar_mult_vfy(s,X)"
            }
        }

        let valid: Valid
        let invalid: HexValue
        let neutral: HexValue

        private enum CodingKeys: String, CodingKey {
            case valid = "Valid"
            case invalid = "Invalid Y1"
            case neutral = "Invalid Y2"
        }

        func check() throws -> Int {
            let scalar = try Ristretto255.Scalar(copying: SecretBytes(copying: valid.scalar.bytes.span))
            #expect(try scalar.multiply(valid.element.bytes.span).revealed == valid.product.bytes)
            #expect(try scalar.multiply(valid.element.bytes.span).revealed == valid.checkedProduct.bytes)
            for bytes in [invalid.bytes, neutral.bytes] {
                #expect(throws: SodiumError.invalidPoint) { _ = try scalar.multiply(bytes.span) }
                #expect(throws: CPaceError.invalidShare) {
                    _ = try CPaceInitiator(.ofTests()).received(share: bytes)
                }
                #expect(throws: CPaceError.invalidShare) { _ = try CPaceResponder(.ofTests(), peerShare: bytes) }
            }
            return 4
        }
    }

    struct Strings: Decodable {
        let prefixes: [String: String]
        let concatenations: [String: String]
        let transcripts: [String: String]

        private enum CodingKeys: String, CodingKey {
            case prefixes = "prepend_len"
            case concatenations = "lv_cat"
            case transcripts = "transcript_ir"
        }

        func check() throws -> Int {
            let digits = Array("1234".utf8)
            let lengths: [(String, [UInt8])] = [
                ("prepend_len(b'')", []), ("prepend_len(b'1234')", digits),
                ("prepend_len(bytes(range(127)))", Array(0..<127)), ("prepend_len(bytes(range(128)))", Array(0..<128)),
            ]
            for (name, content) in lengths {
                let expected = try bytes(hex: #require(prefixes[name]))
                #expect(CPaceSuite.lengthPrefix(content.count) + content == expected)
            }
            let parts = try bytes(hex: #require(concatenations["lv_cat(b'1234',b'5',b'',b'678')"]))
            #expect(CPaceSuite.concatenate(digits, Array("5".utf8), [], Array("678".utf8)) == parts)
            for (name, first, second) in [
                ("transcript_ir(b'123',b'PartyA',b'234',b'PartyB')", "123", "234"),
                ("transcript_ir(b'3456',b'PartyA',b'2345',b'PartyB')", "3456", "2345"),
            ] {
                let expected = try bytes(hex: #require(transcripts[name]))
                let transcript = CPaceSuite.transcript(
                    initiator: Array(first.utf8), Array("PartyA".utf8), responder: Array(second.utf8),
                    Array("PartyB".utf8))
                #expect(transcript == expected)
            }
            return lengths.count + 1 + 2
        }
    }
}
