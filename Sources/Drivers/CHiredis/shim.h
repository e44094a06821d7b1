// SPDX-License-Identifier: MIT
// The protocol reader of hiredis, and only that: sockets, timeouts and reconnects are the event loop's.
#ifndef SLUICE_CHIREDIS_SHIM_H
#define SLUICE_CHIREDIS_SHIM_H

#include <hiredis/read.h>

#endif
