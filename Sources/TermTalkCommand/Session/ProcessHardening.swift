import Glibc
internal import Sodium

/// What keeps keys of a running process out of files, and memory off the screen.
enum ProcessHardening {
    /// Descriptors that are asked for where the system allows more: each member of a room takes one.
    private static let descriptorLimit: rlim_t = 65_536

    /// Switches core dumps off, keeps other processes of the user out of this one's memory, and takes the Swift runtime's
    /// handlers of crashes away, which would print a stack trace and wait for a key.
    static func apply() {
        for number in [SIGQUIT, SIGILL, SIGTRAP, SIGABRT, SIGBUS, SIGFPE, SIGSEGV] { signal(number, SIG_DFL) }
        // A limit on the size of files is an error of the write, which can be told.
        signal(SIGXFSZ, SIG_IGN)
        var none = rlimit(rlim_cur: 0, rlim_max: 0)
        unsafe setrlimit(__rlimit_resource_t(RLIMIT_CORE.rawValue), &none)
        SecretMemory.forbidDumps()
        SecretMemory.forbidPrivileges()
        raiseDescriptorLimit()
    }

    /// The soft limit is there for programs that use select(2).
    private static func raiseDescriptorLimit() {
        var limit = rlimit()
        guard unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return }
        limit.rlim_cur = max(limit.rlim_cur, min(limit.rlim_max, descriptorLimit))
        unsafe setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    }
}
