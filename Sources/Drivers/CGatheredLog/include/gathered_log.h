// SPDX-License-Identifier: MIT
// A VFS of SQLite that gathers the writes to a write-ahead log until its sync.
#ifndef SLUICE_GATHERED_LOG_H
#define SLUICE_GATHERED_LOG_H

/// Registers the VFS, once, and names it for `sqlite3_open_v2`; NULL: there is no default VFS to stand on.
///
/// SQLite writes each frame of a commit with two calls, 24 bytes and a page. This VFS keeps what is written to a log one
/// behind the other in memory and hands it to the system in one write: at the sync that makes the commit durable, and
/// before anything that would look at the file. Every other file is the default VFS's own.
///
/// Only for files that one process holds exclusively and syncs at each commit: a frame that was written and not synced
/// is in nobody else's sight, and is lost with the process.
const char *sluice_gathered_log_vfs(void);

#endif
