// SPDX-License-Identifier: MIT
#include "gathered_log.h"

#include <pthread.h>
#include <sqlite3.h>
#include <stdbool.h>
#include <string.h>

/// What is gathered at most; a longer commit is written in pieces of this size.
static const sqlite3_int64 gathered_bytes_max = 1 << 20;
static const sqlite3_int64 first_bytes = 64 << 10;
/// SQLite itself never writes more at once, and its Unix VFS can't: it takes a length modulo 128 KiB.
static const sqlite3_int64 written_bytes_max = 64 << 10;

/// Stands where SQLite expects its file; the default VFS's own file follows it in memory.
typedef struct {
    sqlite3_file base;
    sqlite3_file *file;
    unsigned char *gathered;
    sqlite3_int64 capacity;
    /// Where in the file the gathered bytes belong, and how many they are.
    sqlite3_int64 offset;
    sqlite3_int64 count;
} log_file;

static sqlite3_vfs *system_vfs;
static sqlite3_vfs gathering_vfs;

/// What could not be written is forgotten: SQLite is told, and undoes the transaction that it belongs to. What was written
/// of it goes, too: behind a commit may stand what is left of an earlier transaction, and then a commit that was said to
/// have failed would be whole in the file. Shortening a file takes no room; where even that fails, SQLite's own next write
/// to the place undoes it.
static int flush(log_file *log) {
    sqlite3_int64 count = log->count;
    log->count = 0;
    for (sqlite3_int64 at = 0; at < count; at += written_bytes_max) {
        sqlite3_int64 piece = count - at < written_bytes_max ? count - at : written_bytes_max;
        int code = log->file->pMethods->xWrite(log->file, log->gathered + at, (int)piece, log->offset + at);
        if (code != SQLITE_OK) {
            log->file->pMethods->xTruncate(log->file, log->offset);
            return code;
        }
    }
    return SQLITE_OK;
}

static bool has_room(log_file *log, sqlite3_int64 count) {
    if (count <= log->capacity) return true;
    if (count > gathered_bytes_max) return false;
    sqlite3_int64 capacity = log->capacity ? log->capacity : first_bytes;
    while (capacity < count) capacity *= 2;
    unsigned char *larger = sqlite3_realloc64(log->gathered, (sqlite3_uint64)capacity);
    if (!larger) return false;
    log->gathered = larger;
    log->capacity = capacity;
    return true;
}

static int log_write(sqlite3_file *file, const void *bytes, int count, sqlite3_int64 offset) {
    log_file *log = (log_file *)file;
    // Behind what is gathered, or over a part of it: a page that one transaction writes twice is overwritten.
    bool joins = log->count > 0 && offset >= log->offset && offset <= log->offset + log->count;
    if (joins && !has_room(log, offset - log->offset + count)) joins = false;
    if (!joins) {
        int code = flush(log);
        if (code != SQLITE_OK) return code;
        if (!has_room(log, count)) return log->file->pMethods->xWrite(log->file, bytes, count, offset);
        log->offset = offset;
    }
    memcpy(log->gathered + (offset - log->offset), bytes, (size_t)count);
    sqlite3_int64 end = offset - log->offset + count;
    if (end > log->count) log->count = end;
    return SQLITE_OK;
}

static int log_read(sqlite3_file *file, void *bytes, int count, sqlite3_int64 offset) {
    log_file *log = (log_file *)file;
    bool overlaps = log->count > 0 && offset < log->offset + log->count && offset + count > log->offset;
    int code = overlaps ? flush(log) : SQLITE_OK;
    return code != SQLITE_OK ? code : log->file->pMethods->xRead(log->file, bytes, count, offset);
}

static int log_sync(sqlite3_file *file, int flags) {
    log_file *log = (log_file *)file;
    int code = flush(log);
    return code != SQLITE_OK ? code : log->file->pMethods->xSync(log->file, flags);
}

static int log_truncate(sqlite3_file *file, sqlite3_int64 size) {
    log_file *log = (log_file *)file;
    int code = flush(log);
    return code != SQLITE_OK ? code : log->file->pMethods->xTruncate(log->file, size);
}

static int log_size(sqlite3_file *file, sqlite3_int64 *size) {
    log_file *log = (log_file *)file;
    int code = flush(log);
    return code != SQLITE_OK ? code : log->file->pMethods->xFileSize(log->file, size);
}

static int log_close(sqlite3_file *file) {
    log_file *log = (log_file *)file;
    int code = flush(log);
    int closing = log->file->pMethods->xClose(log->file);
    sqlite3_free(log->gathered);
    log->gathered = NULL;
    log->capacity = 0;
    return code != SQLITE_OK ? code : closing;
}

static int log_lock(sqlite3_file *file, int level) {
    log_file *log = (log_file *)file;
    return log->file->pMethods->xLock(log->file, level);
}

static int log_unlock(sqlite3_file *file, int level) {
    log_file *log = (log_file *)file;
    return log->file->pMethods->xUnlock(log->file, level);
}

static int log_check_lock(sqlite3_file *file, int *is_locked) {
    log_file *log = (log_file *)file;
    return log->file->pMethods->xCheckReservedLock(log->file, is_locked);
}

static int log_control(sqlite3_file *file, int operation, void *argument) {
    log_file *log = (log_file *)file;
    return log->file->pMethods->xFileControl(log->file, operation, argument);
}

static int log_sector_size(sqlite3_file *file) {
    log_file *log = (log_file *)file;
    return log->file->pMethods->xSectorSize(log->file);
}

static int log_characteristics(sqlite3_file *file) {
    log_file *log = (log_file *)file;
    return log->file->pMethods->xDeviceCharacteristics(log->file);
}

/// Version 1: shared memory and mapping are matters of the database's file, not of its log.
static const sqlite3_io_methods log_methods = {
    .iVersion = 1,
    .xClose = log_close,
    .xRead = log_read,
    .xWrite = log_write,
    .xTruncate = log_truncate,
    .xSync = log_sync,
    .xFileSize = log_size,
    .xLock = log_lock,
    .xUnlock = log_unlock,
    .xCheckReservedLock = log_check_lock,
    .xFileControl = log_control,
    .xSectorSize = log_sector_size,
    .xDeviceCharacteristics = log_characteristics,
};

static int open_file(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags, int *flags_out) {
    (void)vfs;
    if (!(flags & SQLITE_OPEN_WAL)) return system_vfs->xOpen(system_vfs, name, file, flags, flags_out);
    log_file *log = (log_file *)file;
    memset(log, 0, sizeof *log);
    log->file = (sqlite3_file *)(log + 1);
    int code = system_vfs->xOpen(system_vfs, name, log->file, flags, flags_out);
    // SQLite closes a file that has methods, also where its opening failed.
    if (log->file->pMethods) log->base.pMethods = &log_methods;
    return code;
}

static void register_vfs(void) {
    system_vfs = sqlite3_vfs_find(NULL);
    if (!system_vfs) return;
    gathering_vfs = *system_vfs;
    gathering_vfs.pNext = NULL;
    gathering_vfs.zName = "sluice-gathered-log";
    gathering_vfs.szOsFile = (int)sizeof(log_file) + system_vfs->szOsFile;
    gathering_vfs.xOpen = open_file;
    if (sqlite3_vfs_register(&gathering_vfs, 0) != SQLITE_OK) system_vfs = NULL;
}

const char *sluice_gathered_log_vfs(void) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, register_vfs);
    return system_vfs ? gathering_vfs.zName : NULL;
}
