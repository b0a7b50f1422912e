#ifndef TERMTALK_CLIBEVENT_H
#define TERMTALK_CLIBEVENT_H
/* First, because event-config.h defines _GNU_SOURCE and would otherwise clash with Glibc's fd_set. */
#include <features.h>
#include <sys/select.h>
#include <event2/buffer.h>
#include <event2/event.h>
#endif
