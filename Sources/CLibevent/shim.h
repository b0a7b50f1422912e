#ifndef TERMTALK_CLIBEVENT_H
#define TERMTALK_CLIBEVENT_H
/* First, because event-config.h defines _GNU_SOURCE and would otherwise clash with Glibc's fd_set. */
#include <features.h>
#include <sys/select.h>
#include <event2/buffer.h>
#include <event2/event.h>

/* What Swift's Glibc module does not show of Linux. */
#include <errno.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

/* Declared by <sys/socket.h> only under _GNU_SOURCE. */
extern int accept4(int, struct sockaddr *, socklen_t *, int);

/* Accepts one connection, non-blocking and close-on-exec. */
static inline int loop_accept(int descriptor) {
    return accept4(descriptor, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
}

/* A descriptor that becomes readable when any thread writes 8 bytes to it; non-blocking and close-on-exec. */
static inline int loop_wakeup_new(void) {
    return eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
}

/* Whether epoll takes the descriptor: not for a regular file, /dev/null, or no descriptor at all. */
static inline int loop_can_wait_for(int descriptor) {
    struct epoll_event event = {.events = EPOLLIN};
    int probe = epoll_create1(EPOLL_CLOEXEC);
    if (probe < 0) {
        return 1;
    }
    int refused = epoll_ctl(probe, EPOLL_CTL_ADD, descriptor, &event) != 0;
    close(probe);
    return !refused;
}
#endif
