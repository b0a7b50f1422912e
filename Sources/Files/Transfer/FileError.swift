/// Why what a peer sent about files cannot be taken.
package enum FileError: Error, Equatable {
    /// Not what the protocol knows.
    case malformed
    /// Not sealed for this place in this file, or not what its offer says.
    case forged
    /// The file is not the one that was offered.
    case changed
}
