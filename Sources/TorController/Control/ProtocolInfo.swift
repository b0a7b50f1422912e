/// What a control port says of itself before authentication.
///
///     250-PROTOCOLINFO 1
///     250-AUTH METHODS=COOKIE,SAFECOOKIE,HASHEDPASSWORD COOKIEFILE="/run/tor/control.authcookie"
///     250-VERSION Tor="0.4.9.11"
///     250 OK
package struct ProtocolInfo: Equatable, Sendable {
    package enum Method: String, Sendable {
        case null = "NULL"
        case hashedPassword = "HASHEDPASSWORD"
        case cookie = "COOKIE"
        case safeCookie = "SAFECOOKIE"
    }

    /// The methods this program knows; others are left out.
    package var methods: Set<Method> = []
    /// The path of the cookie file, as bytes: a path need not be UTF-8.
    var cookieFile: [UInt8]?
    /// Such as `0.4.9.11`.
    package var version = ""

    init(_ reply: ControlReply) throws(ControlProtocolError) {
        guard reply.isPositive, let first = reply.lines.first, first.text.hasPrefix("PROTOCOLINFO "),
            reply.text == "OK"
        else { throw .malformedLine }
        var hasMethods = false
        for line in reply.lines {
            if line.text.hasPrefix("AUTH ") {
                let arguments = try ControlArguments(line.text)
                guard let names = arguments[name: "METHODS"] else { throw .malformedArguments }
                methods = Set(names.split(separator: ",").compactMap { Method(rawValue: String($0)) })
                cookieFile = arguments.bytes(of: "COOKIEFILE")
                hasMethods = true
            } else if line.text.hasPrefix("VERSION ") {
                version = try ControlArguments(line.text)[name: "Tor"] ?? ""
            }
        }
        guard hasMethods else { throw .malformedLine }
    }
}
