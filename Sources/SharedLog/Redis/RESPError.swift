/// Why a stream is none of RESP2.
package enum RESPError: Error, Equatable {
    case malformed
    /// More bytes, elements or levels than ``RESPReader`` takes.
    case tooLong
}
