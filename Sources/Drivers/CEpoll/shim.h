// SPDX-License-Identifier: MIT
// The header of Linux's epoll, which Swift's module of the C library leaves out.
#ifndef SLUICE_CEPOLL_SHIM_H
#define SLUICE_CEPOLL_SHIM_H

#include <sys/epoll.h>

#endif
