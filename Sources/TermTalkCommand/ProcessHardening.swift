import Glibc

/// What keeps keys of a running process out of files.
enum ProcessHardening {
    /// Switches core dumps off.
    static func apply() {
        var none = rlimit(rlim_cur: 0, rlim_max: 0)
        unsafe setrlimit(__rlimit_resource_t(RLIMIT_CORE.rawValue), &none)
    }
}
