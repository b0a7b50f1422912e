/// What a client says at the socket of metrics: a GET of HTTP/1.0 or 1.1, or anything else, or nothing. Sans-IO.
struct MetricsRequest {
    enum Answer: Equatable {
        /// The text with a header of HTTP.
        case page
        /// The text alone, for a client that speaks no HTTP.
        case text
        /// Another method than GET.
        case notAllowed
        /// The request is longer than ``byteLimit``.
        case tooLong
    }

    /// Bytes of a whole request: browsers send less than one KiB.
    static let byteLimit = 4_096

    private var bytes: [UInt8] = []

    /// Takes what has arrived. Nil while the request is not whole.
    mutating func received(_ span: Span<UInt8>) -> Answer? {
        guard bytes.count + span.count <= Self.byteLimit else { return .tooLong }
        for index in span.indices where span[index] != UInt8(ascii: "\r") { bytes.append(span[index]) }
        guard let end = bytes.firstIndex(of: UInt8(ascii: "\n")) else { return nil }
        let line = String(decoding: bytes[..<end], as: UTF8.self)
        guard line.contains(" HTTP/1.") else { return .text }
        // The header ends with an empty line.
        guard zip(bytes[end...], bytes[end...].dropFirst()).contains(where: { $0 == UInt8(ascii: "\n") && $0 == $1 })
        else { return nil }
        return line.hasPrefix("GET ") ? .page : .notAllowed
    }

    /// The bytes of an answer, where `text` is what was asked for.
    static func bytes(of answer: Answer, text: @autoclosure () -> String) -> [UInt8] {
        switch answer {
        case .text: Array(text().utf8)
        case .page: page("200 OK", RoomMetrics.contentType, text())
        case .notAllowed: page("405 Method Not Allowed", "text/plain", "GET is all that is answered here\n")
        case .tooLong: page("431 Request Header Fields Too Large", "text/plain", "the request is too long\n")
        }
    }

    private static func page(_ status: String, _ type: String, _ body: String) -> [UInt8] {
        let header = [
            "HTTP/1.0 \(status)", "Content-Type: \(type)", "Content-Length: \(body.utf8.count)",
            "Connection: close",
        ]
        return Array("\(header.joined(separator: "\r\n"))\r\n\r\n\(body)".utf8)
    }
}
