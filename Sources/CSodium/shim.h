#ifndef TERMTALK_CSODIUM_H
#define TERMTALK_CSODIUM_H
#include <sodium.h>
#endif
