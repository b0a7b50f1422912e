#include "CFuzzer.h"

#include <sodium.h>
#include <string.h>

static uint64_t state;

/// SplitMix64.
static uint64_t next(void) {
    uint64_t value = (state += 0x9e3779b97f4a7c15u);
    value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9u;
    value = (value ^ (value >> 27)) * 0x94d049bb133111ebu;
    return value ^ (value >> 31);
}

static const char *name(void) { return "fuzzer"; }

static uint32_t number(void) { return (uint32_t)next(); }

static void fill(void *const buffer, const size_t count) {
    unsigned char *bytes = buffer;
    for (size_t done = 0; done < count; done += 8) {
        uint64_t value = next();
        memcpy(bytes + done, &value, count - done < 8 ? count - done : 8);
    }
}

static randombytes_implementation generator = {.implementation_name = name, .random = number, .buf = fill};

void fuzzer_fix_random_numbers(void) { randombytes_set_implementation(&generator); }

void fuzzer_reset_random_numbers(void) { state = 0; }
