#ifndef TERMTALK_CNATPMP_H
#define TERMTALK_CNATPMP_H
#include <natpmp.h>

/* The unnamed parts of an answer, which Swift cannot name. */
static inline struct in_addr natpmp_public_address(const natpmpresp_t *answer) {
    return answer->pnu.publicaddress.addr;
}

static inline uint16_t natpmp_public_port(const natpmpresp_t *answer) {
    return answer->pnu.newportmapping.mappedpublicport;
}

static inline uint32_t natpmp_lifetime(const natpmpresp_t *answer) {
    return answer->pnu.newportmapping.lifetime;
}
#endif
