import Glibc
internal import Sodium

/// What keeps keys of a running process out of files, and memory off the screen.
enum ProcessHardening {
    /// Switches core dumps off, keeps other processes of the user out of this one's memory, and takes the Swift runtime's
    /// handlers of crashes away, which would print a stack trace and wait for a key.
    static func apply() {
        for number in [SIGQUIT, SIGILL, SIGTRAP, SIGABRT, SIGBUS, SIGFPE, SIGSEGV] { signal(number, SIG_DFL) }
        // A limit on the size of files is an error of the write, which can be told.
        signal(SIGXFSZ, SIG_IGN)
        var none = rlimit(rlim_cur: 0, rlim_max: 0)
        unsafe setrlimit(__rlimit_resource_t(RLIMIT_CORE.rawValue), &none)
        SecretMemory.forbidDumps()
    }
}
