// SPDX-License-Identifier: MIT
// The SHA-256 instructions of x86-64 processors, which Swift can't name.
#ifndef SLUICE_CSHA256_H
#define SLUICE_CSHA256_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/// Whether this processor has the instructions; asked once, before the first compression.
bool sluice_sha256_available(void);

/// Compresses `count` blocks of 64 bytes into the eight words of `state`. Only where they are available.
void sluice_sha256_compress(uint32_t state[8], const uint8_t *blocks, size_t count);

#endif
