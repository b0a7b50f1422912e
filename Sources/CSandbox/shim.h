#ifndef TERMTALK_CSANDBOX_H
#define TERMTALK_CSANDBOX_H
/* seccomp and Landlock: variadic functions and macros, which Swift does not see. Where the system has none of it, nothing is
   restricted, and that is said. */
#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#ifdef __linux__
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <linux/sched.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#if defined(__x86_64__)
#define SANDBOX_ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define SANDBOX_ARCH AUDIT_ARCH_AARCH64
#endif

/* The low half of a call's argument; both machines have it first. */
#define SANDBOX_ARGUMENT(n) (uint32_t)(offsetof(struct seccomp_data, args) + 8 * (n))
#define SANDBOX_LOAD(offset) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offset)
#define SANDBOX_REFUSE(error) BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (error))
#define SANDBOX_ALLOW BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)
#define SANDBOX_UNLESS(value, skipped) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, 0, skipped)
#define SANDBOX_NEVER(call) SANDBOX_UNLESS(call, 1), SANDBOX_REFUSE(EPERM)

/* Refuses, for this process and what it executes, the calls that neither it nor a tor of its own has a use for, and that
   programs break out with: looking into other processes, namespaces and mounts, the kernel's own keys, modules and programs,
   io_uring, sockets below IP, words put into the mouth of a terminal, and memory that is written and executed. Calls that
   are newer than this list are left alone: a later libc has to run. Returns 0, or an errno. */
static inline int sandbox_refuse_calls(void) {
#ifdef SANDBOX_ARCH
    const uint32_t spaces = CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET;
    struct sock_filter program[] = {
        SANDBOX_LOAD(offsetof(struct seccomp_data, arch)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SANDBOX_ARCH, 1, 0),
        SANDBOX_REFUSE(ENOSYS),
        SANDBOX_LOAD(offsetof(struct seccomp_data, nr)),
#if defined(__x86_64__)
        /* The same calls by other numbers (x32). */
        BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, 0x40000000, 0, 1),
        SANDBOX_REFUSE(ENOSYS),
        SANDBOX_NEVER(SYS_iopl), SANDBOX_NEVER(SYS_ioperm), SANDBOX_NEVER(SYS_modify_ldt), SANDBOX_NEVER(SYS_uselib),
        SANDBOX_NEVER(SYS_create_module), SANDBOX_NEVER(SYS__sysctl),
#endif
        SANDBOX_NEVER(SYS_ptrace), SANDBOX_NEVER(SYS_process_vm_readv), SANDBOX_NEVER(SYS_process_vm_writev),
        SANDBOX_NEVER(SYS_kcmp), SANDBOX_NEVER(438 /* pidfd_getfd */), SANDBOX_NEVER(440 /* process_madvise */),
        SANDBOX_NEVER(SYS_add_key), SANDBOX_NEVER(SYS_request_key), SANDBOX_NEVER(SYS_keyctl),
        SANDBOX_NEVER(SYS_bpf), SANDBOX_NEVER(SYS_perf_event_open), SANDBOX_NEVER(SYS_userfaultfd),
        SANDBOX_NEVER(425 /* io_uring_setup */), SANDBOX_NEVER(426), SANDBOX_NEVER(427),
        SANDBOX_NEVER(SYS_init_module), SANDBOX_NEVER(SYS_finit_module), SANDBOX_NEVER(SYS_delete_module),
        SANDBOX_NEVER(SYS_kexec_load), SANDBOX_NEVER(SYS_kexec_file_load), SANDBOX_NEVER(SYS_reboot),
        SANDBOX_NEVER(SYS_mount), SANDBOX_NEVER(SYS_umount2), SANDBOX_NEVER(SYS_pivot_root), SANDBOX_NEVER(SYS_chroot),
        SANDBOX_NEVER(428 /* open_tree */), SANDBOX_NEVER(429 /* move_mount */), SANDBOX_NEVER(430 /* fsopen */),
        SANDBOX_NEVER(431), SANDBOX_NEVER(432), SANDBOX_NEVER(433), SANDBOX_NEVER(442 /* mount_setattr */),
        SANDBOX_NEVER(SYS_setns), SANDBOX_NEVER(SYS_unshare), SANDBOX_NEVER(SYS_open_by_handle_at),
        SANDBOX_NEVER(SYS_swapon), SANDBOX_NEVER(SYS_swapoff), SANDBOX_NEVER(SYS_quotactl), SANDBOX_NEVER(SYS_acct),
        SANDBOX_NEVER(SYS_settimeofday), SANDBOX_NEVER(SYS_clock_settime), SANDBOX_NEVER(SYS_adjtimex),
        SANDBOX_NEVER(SYS_clock_adjtime), SANDBOX_NEVER(SYS_sethostname), SANDBOX_NEVER(SYS_setdomainname),
        SANDBOX_NEVER(SYS_syslog), SANDBOX_NEVER(SYS_vhangup), SANDBOX_NEVER(SYS_personality),
        SANDBOX_NEVER(SYS_lookup_dcookie), SANDBOX_NEVER(SYS_nfsservctl), SANDBOX_NEVER(SYS_fanotify_init),
        SANDBOX_NEVER(SYS_pkey_mprotect),
        /* Its flags are in memory, which a filter does not see; libc takes clone then. */
        SANDBOX_UNLESS(435 /* clone3 */, 1), SANDBOX_REFUSE(ENOSYS),
        SANDBOX_UNLESS(SYS_clone, 4), SANDBOX_LOAD(SANDBOX_ARGUMENT(0)),
        BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, spaces, 0, 1), SANDBOX_REFUSE(EPERM), SANDBOX_ALLOW,
        SANDBOX_UNLESS(SYS_socket, 7), SANDBOX_LOAD(SANDBOX_ARGUMENT(0)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AF_UNIX, 4, 0), BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AF_INET, 3, 0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AF_INET6, 2, 0), BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AF_NETLINK, 1, 0),
        SANDBOX_REFUSE(EAFNOSUPPORT), SANDBOX_ALLOW,
        SANDBOX_UNLESS(SYS_ioctl, 5), SANDBOX_LOAD(SANDBOX_ARGUMENT(1)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, TIOCSTI, 1, 0), BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, TIOCLINUX, 0, 1),
        SANDBOX_REFUSE(EPERM), SANDBOX_ALLOW,
        SANDBOX_UNLESS(SYS_mmap, 5), SANDBOX_LOAD(SANDBOX_ARGUMENT(2)),
        BPF_STMT(BPF_ALU | BPF_AND | BPF_K, PROT_WRITE | PROT_EXEC),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, PROT_WRITE | PROT_EXEC, 0, 1), SANDBOX_REFUSE(EPERM), SANDBOX_ALLOW,
        SANDBOX_UNLESS(SYS_mprotect, 4), SANDBOX_LOAD(SANDBOX_ARGUMENT(2)),
        BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, PROT_EXEC, 0, 1), SANDBOX_REFUSE(EPERM), SANDBOX_ALLOW,
        SANDBOX_ALLOW,
    };
    struct sock_fprog filter = {.len = sizeof program / sizeof *program, .filter = program};
    return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, &filter) == 0 ? 0 : errno;
#else
    return ENOSYS;
#endif
}

/* Landlock, by the numbers of its ABI: the headers of Debian 12 do not know all of them. */
#define SANDBOX_FILE_EXECUTE (1ULL << 0)
#define SANDBOX_FILE_MAKE_CHAR (1ULL << 6)
#define SANDBOX_FILE_MAKE_BLOCK (1ULL << 11)
#define SANDBOX_SCOPE_ABSTRACT_SOCKET (1ULL << 0)
#define SANDBOX_SCOPE_SIGNAL (1ULL << 1)

/* The version that the kernel has; 0 for none. */
static inline int sandbox_landlock_version(void) {
    long version = syscall(444, NULL, 0, 1U);
    return version > 0 ? (int)version : 0;
}

/* A set of rules that restricts what `files` and `scopes` name; a descriptor, or -1. */
static inline int sandbox_make_rules(uint64_t files, uint64_t scopes, int version) {
    uint64_t attributes[3] = {files, 0, scopes};
    return (int)syscall(444, attributes, version >= 6 ? 24 : version >= 4 ? 16 : 8, 0U);
}

/* Allows it beneath a path, where there is one. */
static inline int sandbox_allow(int rules, const char *path, uint64_t files) {
    struct {
        uint64_t access;
        int32_t parent;
    } __attribute__((packed)) beneath = {files, open(path, 010000000 /* O_PATH */ | O_CLOEXEC)};
    if (beneath.parent < 0) return errno;
    long result = syscall(445, rules, 1, &beneath, 0U);
    int error = result == 0 ? 0 : errno;
    close(beneath.parent);
    return error;
}

static inline int sandbox_enforce(int rules) {
    int error = syscall(446, rules, 0U) == 0 ? 0 : errno;
    close(rules);
    return error;
}
#else
static inline int sandbox_refuse_calls(void) { return ENOSYS; }
#endif
#endif
