import Glibc

/// The folder of a store, `NAME.store`, which this process alone has for as long as the value lives or until ``unlock()``.
///
/// A store is made in `.NAME.store.new` and renamed when it is whole, so there is all of it or none. Nothing but what this user
/// owns, and others cannot touch, is opened, and no symbolic link is followed.
final class StoreFolder: Sendable {
    static let databaseName = "room.db"
    static let logName = "\(databaseName)-wal"
    static let keyName = "key"
    /// All files that there can be; the key's is the last to go.
    private static let names = [
        databaseName, logName, "\(databaseName)-shm", "\(databaseName)-journal", Ballast.name, keyName,
    ]

    private let directory: String
    private let folderName: String
    private let parent: Int32
    private let descriptor: Int32

    /// Takes the folder of the store `name` in `directory`.
    ///
    /// - Throws: ``StoreError/notFound``, ``StoreError/locked``, ``StoreError/distrusted(_:_:)``, and others.
    convenience init(existing name: String, in directory: String) throws(StoreError) {
        try self.init(folder: "\(name).store", in: directory, isNew: false)
    }

    /// Makes an empty folder for a store to be, which is at its place after ``publish(as:)``. What a process that ended meanwhile
    /// has left of one is removed.
    ///
    /// - Throws: ``StoreError/alreadyExists``, ``StoreError/locked``, and others.
    convenience init(new name: String, in directory: String) throws(StoreError) {
        try self.init(folder: ".\(name).store.new", in: directory, isNew: true)
        guard Self.status("\(name).store", in: parent) == nil else {
            try removeAll()
            throw .alreadyExists
        }
        for file in Self.names { remove(file) }
    }

    private init(folder: String, in directory: String, isNew: Bool) throws(StoreError) {
        guard let path = unsafe realpath(directory, nil) else {
            throw errno == ENOENT ? .notFound : StoreError(errno: errno)
        }
        self.directory = unsafe String(cString: path)
        unsafe free(path)
        folderName = folder
        parent = unsafe open(self.directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard parent >= 0 else { throw StoreError(errno: errno) }
        let made = isNew ? unsafe mkdirat(parent, folder, 0o700) == 0 || errno == EEXIST : true
        let code = errno
        descriptor = made ? unsafe openat(parent, folder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC) : -1
        guard made, descriptor >= 0 else {
            let opening = made ? errno : code
            let status = Self.status(folder, in: parent)
            if let status, let distrust = Self.distrust(status, kind: S_IFDIR) { throw .distrusted(.folder, distrust) }
            throw status == nil && opening == ENOENT ? .notFound : StoreError(errno: opening)
        }
        while flock(descriptor, LOCK_EX | LOCK_NB) != 0 {
            let code = errno
            if code == EINTR { continue }
            throw code == EWOULDBLOCK ? .locked : StoreError(errno: code)
        }
        var own = stat()
        guard unsafe fstat(descriptor, &own) == 0 else { throw StoreError(errno: errno) }
        // Between opening and locking, whoever had it may have deleted it or put it at its place.
        guard let now = Self.status(folder, in: parent), now.st_ino == own.st_ino, now.st_dev == own.st_dev else {
            throw .locked
        }
        if let distrust = Self.distrust(own, kind: S_IFDIR) { throw .distrusted(.folder, distrust) }
    }

    deinit {
        unlock()
        if descriptor >= 0 { close(descriptor) }
        if parent >= 0 { close(parent) }
    }

    /// Said explicitly, because a process that is being spawned has the descriptor too until it executes its program.
    func unlock() {
        if descriptor >= 0 { flock(descriptor, LOCK_UN) }
    }

    var databasePath: String { "\(directory)/\(folderName)/\(Self.databaseName)" }

    // MARK: Files

    /// Checks that all files are this user's alone, and none is missing.
    ///
    /// - Throws: ``StoreError/distrusted(_:_:)``, ``StoreError/damaged(_:)``.
    func checkFiles() throws(StoreError) {
        for name in Self.names {
            let part: StoreError.Part = name == Self.keyName ? .keyFile : .database
            guard let status = Self.status(name, in: descriptor) else {
                guard name != Self.databaseName, name != Self.keyName else { throw .damaged(part) }
                continue
            }
            if let distrust = Self.distrust(status, kind: S_IFREG) { throw .distrusted(part, distrust) }
            // To SQLite this is a new database, and a log beside it nothing that it needs.
            if name == Self.databaseName, status.st_size == 0 { throw .damaged(part) }
        }
        // No store of ours ever had one, and SQLite would play it back before anything can be checked.
        guard Self.status("\(Self.databaseName)-journal", in: descriptor) == nil else { throw .damaged(.database) }
    }

    /// Whether the store was ended: its rows are lost, and what is left of it is to be deleted.
    var isEnded: Bool {
        guard let status = Self.status(Self.keyName, in: descriptor), status.st_mode & S_IFMT == S_IFREG else {
            return false
        }
        return (try? read(Self.keyName, atMost: StoreKeyFile.byteCount + 1)) == StoreKeyFile.ended
    }

    var isEmpty: Bool { Self.names.allSatisfy { Self.status($0, in: descriptor) == nil } }

    /// The first bytes of a file, at most `limit`.
    func read(_ name: String, atMost limit: Int) throws(StoreError) -> [UInt8] {
        // A pipe in its place is not waited for.
        let file = unsafe openat(descriptor, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK)
        guard file >= 0 else { throw StoreError(errno: errno) }
        defer { close(file) }
        var bytes = [UInt8](repeating: 0, count: limit)
        var filled = 0
        while filled < limit {
            let count = unsafe bytes.withUnsafeMutableBytes { buffer in
                unsafe Glibc.read(file, buffer.baseAddress.map { unsafe $0 + filled }, limit - filled)
            }
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw StoreError(errno: errno) }
            if count == 0 { break }
            filled += count
        }
        return Array(bytes.prefix(filled))
    }

    /// Writes a file from its start, which is then on the disk. One that is there is not cut: its bytes are overwritten in place.
    func write(_ bytes: [UInt8], to name: String, isNew: Bool) throws(StoreError) {
        let file = unsafe openat(
            descriptor, name, O_WRONLY | O_NOFOLLOW | O_CLOEXEC | (isNew ? O_CREAT | O_EXCL : 0), 0o600)
        guard file >= 0 else { throw StoreError(errno: errno) }
        defer { close(file) }
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = unsafe rest.withUnsafeBytes { unsafe Glibc.write(file, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw StoreError(errno: errno) }
            rest = rest.dropFirst(count)
        }
        guard fsync(file) == 0 else { throw .system(errno: errno) }
    }

    /// Brings all that any process has written to a file to the disk. Not for the database: closing it would take SQLite's locks off.
    func sync(_ name: String) throws(StoreError) {
        let file = unsafe openat(descriptor, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC)
        guard file >= 0 else { throw StoreError(errno: errno) }
        defer { close(file) }
        guard fsync(file) == 0 else { throw .system(errno: errno) }
    }

    /// Gives a file at least so many bytes that are its own on the disk; when there is no space, it stays as long as it was.
    func fill(_ name: String, byteCount: Int) -> Bool {
        let file = unsafe openat(descriptor, name, O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0o600)
        guard file >= 0 else { return false }
        defer { close(file) }
        var status = stat()
        guard unsafe fstat(file, &status) == 0 else { return false }
        guard status.st_size < byteCount else { return true }
        if posix_fallocate(file, 0, byteCount) == 0 { return true }
        ftruncate(file, status.st_size)
        return false
    }

    @discardableResult func remove(_ name: String) -> Bool { unsafe unlinkat(descriptor, name, 0) == 0 }

    // MARK: The whole folder

    /// Puts a new store at its place, for good. The value is of no use afterwards but to keep the lock.
    func publish(as name: String) throws(StoreError) {
        guard fsync(descriptor) == 0 else { throw .system(errno: errno) }
        guard unsafe renameat(parent, folderName, parent, "\(name).store") == 0, fsync(parent) == 0 else {
            throw StoreError(errno: errno)
        }
    }

    /// Overwrites the key, so that nothing opens the rows any more, and deletes all files and the folder.
    func destroy() throws(StoreError) {
        try end()
        try removeAll()
    }

    /// Overwrites the key: the store is ended, for good, whatever becomes of the process.
    func end() throws(StoreError) {
        guard Self.status(Self.keyName, in: descriptor) != nil, !isEnded else { return }
        try write(StoreKeyFile.ended, to: Self.keyName, isNew: false)
    }

    /// Deletes all files and the folder.
    func removeAll() throws(StoreError) {
        for name in Self.names where !remove(name) && errno != ENOENT { throw StoreError(errno: errno) }
        guard unsafe unlinkat(parent, folderName, AT_REMOVEDIR) == 0 else { throw StoreError(errno: errno) }
        fsync(parent)
    }

    private static func status(_ name: String, in folder: Int32) -> stat? {
        var status = stat()
        return unsafe fstatat(folder, name, &status, AT_SYMLINK_NOFOLLOW) == 0 ? status : nil
    }

    private static func distrust(_ status: stat, kind: mode_t) -> StoreError.Distrust? {
        if status.st_mode & S_IFMT == S_IFLNK { return .symbolicLink }
        if status.st_mode & S_IFMT != kind || kind == S_IFREG && status.st_nlink != 1 { return .wrongKind }
        if status.st_uid != geteuid() { return .foreignOwner }
        return status.st_mode & 0o077 == 0 ? nil : .openToOthers
    }
}
