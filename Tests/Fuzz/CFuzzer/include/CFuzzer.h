#ifndef TERMTALK_CFUZZER_H
#define TERMTALK_CFUZZER_H
#include <stddef.h>
#include <stdint.h>

/// libFuzzer's own loop, for a program that has a main of its own.
int LLVMFuzzerRunDriver(int *argc, char ***argv, int (*callback)(const uint8_t *data, size_t size));

/// Makes libsodium's random numbers those of a generator with a fixed seed. Before sodium_init.
void fuzzer_fix_random_numbers(void);
/// Starts the generator anew.
void fuzzer_reset_random_numbers(void);
#endif
