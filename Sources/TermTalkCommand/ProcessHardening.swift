import Glibc

/// What keeps keys of a running process out of files and out of the hands of the user's other processes.
enum ProcessHardening {
    /// Switches core dumps off and forbids other processes of this user to read this one's memory.
    static func apply() {
        var none = rlimit(rlim_cur: 0, rlim_max: 0)
        unsafe setrlimit(__rlimit_resource_t(RLIMIT_CORE.rawValue), &none)
        prctl(PR_SET_DUMPABLE, 0)
    }
}
