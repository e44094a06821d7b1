// SPDX-License-Identifier: MIT
// Empty where libpq-dev is missing: only postgres.sh needs it, and says so.
#ifndef BENCHMARKS_CLIBPQ_SHIM_H
#define BENCHMARKS_CLIBPQ_SHIM_H

#if __has_include(<postgresql/libpq-fe.h>)
#include <postgresql/libpq-fe.h>
#define HAS_LIBPQ 1
#elif __has_include(<libpq-fe.h>)
#include <libpq-fe.h>
#define HAS_LIBPQ 1
#endif

#endif
