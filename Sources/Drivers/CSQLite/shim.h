// SPDX-License-Identifier: MIT
// The header of the library; Swift calls all that is needed of it by itself.
#ifndef SLUICE_CSQLITE_SHIM_H
#define SLUICE_CSQLITE_SHIM_H

#include <sqlite3.h>

#endif
