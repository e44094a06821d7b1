// SPDX-License-Identifier: MIT
// The header of glibc's allocator, which Swift's module of the C library leaves out.
#ifndef SLUICE_CMALLOC_SHIM_H
#define SLUICE_CMALLOC_SHIM_H

#include <malloc.h>

#endif
