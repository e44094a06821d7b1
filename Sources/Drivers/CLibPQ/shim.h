// SPDX-License-Identifier: MIT
// The header of the library; Swift calls all that is needed of it by itself.
#ifndef SLUICE_CLIBPQ_SHIM_H
#define SLUICE_CLIBPQ_SHIM_H

// Debian keeps it in a folder of its own, which no search path names.
#if __has_include(<postgresql/libpq-fe.h>)
#include <postgresql/libpq-fe.h>
#else
#include <libpq-fe.h>
#endif

#endif
