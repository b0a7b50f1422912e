#ifndef TERMTALK_CMINIUPNP_H
#define TERMTALK_CMINIUPNP_H
#include <miniupnpc/miniupnpc.h>
#include <miniupnpc/upnpcommands.h>
#include <miniupnpc/upnperrors.h>
#endif
