import Glibc

/// The one way in which this program starts another one.
enum Spawn {
    /// Starts `program` (a path) with `arguments`, whose first is its name, without our variables and secrets. What it
    /// writes goes to `output`, its errors to `errors` or nowhere. It has a process group of its own: a key that interrupts
    /// us does not end it. Returns 0 and the process, or the error.
    static func start(_ program: String, _ arguments: [String], output: Int32, errors: Int32?) -> (Int32, pid_t) {
        var actions = unsafe posix_spawn_file_actions_t()
        var attributes = posix_spawnattr_t()
        unsafe posix_spawn_file_actions_init(&actions)
        unsafe posix_spawnattr_init(&attributes)
        defer {
            unsafe posix_spawn_file_actions_destroy(&actions)
            unsafe posix_spawnattr_destroy(&attributes)
        }
        unsafe posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        unsafe posix_spawn_file_actions_adddup2(&actions, output, 1)
        if let errors {
            unsafe posix_spawn_file_actions_adddup2(&actions, errors, 2)
        } else {
            unsafe posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0)
        }
        // SIGPIPE is ignored in this process and some signals may be blocked: a child starts with neither.
        var all = sigset_t()
        var none = sigset_t()
        unsafe sigfillset(&all)
        unsafe sigemptyset(&none)
        unsafe posix_spawnattr_setsigdefault(&attributes, &all)
        unsafe posix_spawnattr_setsigmask(&attributes, &none)
        let flags = POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETPGROUP
        unsafe posix_spawnattr_setflags(&attributes, Int16(flags))
        var processID: pid_t = 0
        let code = unsafe withCStrings(arguments.map { Array($0.utf8CString) }) { argv in
            unsafe withCStrings(Environment.forChild()) { envp in
                unsafe posix_spawn(&processID, program, &actions, &attributes, argv, envp)
            }
        }
        return (code, processID)
    }

    /// Lends zero-terminated strings as the zero-terminated list that `exec` wants.
    static func withCStrings<R>(
        _ strings: [[CChar]], _ body: (UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>) -> R
    ) -> R {
        let list = UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>.allocate(capacity: strings.count + 1)
        for (index, string) in strings.enumerated() {
            let copy = UnsafeMutablePointer<CChar>.allocate(capacity: string.count)
            for (offset, character) in string.enumerated() {
                unsafe copy.advanced(by: offset).initialize(to: character)
            }
            unsafe list.advanced(by: index).initialize(to: copy)
        }
        unsafe list.advanced(by: strings.count).initialize(to: nil)
        defer {
            for index in strings.indices { unsafe list[index]?.deallocate() }
            unsafe list.deallocate()
        }
        return unsafe body(list)
    }
}
