#ifndef TERMTALK_CQRENCODE_H
#define TERMTALK_CQRENCODE_H
#include <qrencode.h>
#endif
