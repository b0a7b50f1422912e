/// Why a connection to D-Bus is of no use any more.
package enum DBusError: Error, Equatable {
    /// Something that is no message of version 1 of the protocol, or none of a little-endian machine.
    case malformed
    /// A message, or the greeting, is longer than anything that is waited for.
    case tooLong
    /// The bus does not take us for the user that we are.
    case rejected
}
