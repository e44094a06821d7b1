// SPDX-License-Identifier: MIT
// What Swift cannot call: sqlite3_config and sqlite3_db_config are variadic, and SQLITE_STATIC is a cast.
#ifndef SLUICE_CSQLITE_SHIM_H
#define SLUICE_CSQLITE_SHIM_H

#include <sqlite3.h>

#endif
