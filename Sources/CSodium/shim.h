#ifndef TERMTALK_CSODIUM_H
#define TERMTALK_CSODIUM_H
#include <sodium.h>
#ifdef __linux__
#include <sys/prctl.h>
#endif

/* Variadic functions are not visible to Swift. No other process of the user may look into this one's memory, nor does a
   crash hand it to a program that collects dumps, which the limit for their size does not hold back. */
static inline int secret_forbid_dumps(void) {
#ifdef PR_SET_DUMPABLE
    return prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
#else
    return 0;
#endif
}

/* Nothing that this process executes gets more privileges than it has. */
static inline int secret_forbid_privileges(void) {
#ifdef PR_SET_NO_NEW_PRIVS
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
#else
    return 0;
#endif
}
#endif
