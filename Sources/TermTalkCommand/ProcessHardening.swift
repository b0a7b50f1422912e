import Glibc
internal import Sodium

/// What keeps keys of a running process out of files.
enum ProcessHardening {
    /// Switches core dumps off, and keeps other processes of the user out of this one's memory.
    static func apply() {
        var none = rlimit(rlim_cur: 0, rlim_max: 0)
        unsafe setrlimit(__rlimit_resource_t(RLIMIT_CORE.rawValue), &none)
        SecretMemory.forbidDumps()
    }
}
