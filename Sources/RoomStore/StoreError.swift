internal import CSQLite
import Glibc

/// What can be wrong with a kept room's store. Nothing is overwritten when one of these is thrown.
package enum StoreError: Error, Equatable, Sendable {
    /// What of the store is meant.
    package enum Part: Equatable, Sendable {
        case folder, keyFile, database, ledger, snapshot
        case input(UInt64)
        case entry(UInt64)
    }

    /// Why a file or folder is not touched at all.
    package enum Distrust: Equatable, Sendable {
        case symbolicLink
        /// Another user owns it.
        case foreignOwner
        /// Others than the owner may read or write it.
        case openToOthers
        /// It is no regular file, or no folder, or has a second name.
        case wrongKind
    }

    /// There is no store of this name.
    case notFound
    /// A store that is to be created is there already.
    case alreadyExists
    /// Another process, or this one, has it open.
    case locked
    /// Its bytes are not what was written.
    case damaged(Part)
    /// It was written by a version of the program before this one.
    case olderFormat(UInt8)
    /// It was written by a version of the program after this one.
    case newerFormat(UInt8)
    /// The key, or the name, is not the one that it was created with.
    case wrongKey
    case distrusted(Part, Distrust)
    /// The disk, or what this user may have of it, is full.
    case noSpace
    /// The file system or its permissions allow no writing.
    case readOnly
    /// Any other error of the system, by its number.
    case system(errno: Int32)
    /// A number does not follow the one before it, or is less than what a snapshot covers.
    case outOfOrder(UInt64)
    /// This number was written before, with other bytes.
    case conflicting(UInt64)
    /// A value is longer than ``StoreLimits`` allows.
    case tooLarge
    /// More waits to be written than ``StoreLimits/waitingByteCount``.
    case overloaded
    /// It takes longer than the caller waits.
    case timedOut
    /// The store was closed or deleted, or has failed before.
    case closed

    /// An error of a system call, other than those that its caller expects.
    init(errno code: Int32) {
        switch code {
        case ENOSPC, EDQUOT: self = .noSpace
        case EROFS, EACCES, EPERM: self = .readOnly
        default: self = .system(errno: code == 0 ? EIO : code)
        }
    }

    /// An error of SQLite: its extended result code, and the system's error behind it, or 0.
    init(sqlite code: Int32, errno: Int32) {
        switch code & 0xff {
        case SQLITE_FULL: self = .noSpace
        case SQLITE_BUSY, SQLITE_LOCKED: self = .locked
        case SQLITE_READONLY, SQLITE_PERM: self = .readOnly
        case SQLITE_NOMEM: self = .system(errno: ENOMEM)
        case SQLITE_TOOBIG: self = .tooLarge
        case SQLITE_CANTOPEN:
            self = code == StoreError.symbolicLinkCode ? .distrusted(.database, .symbolicLink) : .init(errno: errno)
        case SQLITE_IOERR:
            // Only a write that took no place may be tried again: after a failed fsync nobody knows what is on the disk.
            self = code == StoreError.failedWriteCode ? .init(errno: errno) : .system(errno: errno == 0 ? EIO : errno)
        default: self = .damaged(.database)
        }
    }

    /// SQLITE_CANTOPEN_SYMLINK and SQLITE_IOERR_WRITE, which are macros with arithmetic.
    private static let symbolicLinkCode = SQLITE_CANTOPEN | 6 << 8
    private static let failedWriteCode = SQLITE_IOERR | 3 << 8
}

/// Whether there was enough space on the disk for what `body` does.
func isSpaceEnough(_ body: () throws(StoreError) -> Void) throws(StoreError) -> Bool {
    do throws(StoreError) {
        try body()
        return true
    } catch {
        guard error == .noSpace else { throw error }
        return false
    }
}
