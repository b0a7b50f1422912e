#ifndef TERMTALK_CSQLITE_H
#define TERMTALK_CSQLITE_H
#include <sqlite3.h>

/* Variadic functions are not visible to Swift. Sets a switch of a connection. */
static inline int store_set_option(sqlite3 *database, int option, int value) {
    return sqlite3_db_config(database, option, value, (int *)0);
}
#endif
