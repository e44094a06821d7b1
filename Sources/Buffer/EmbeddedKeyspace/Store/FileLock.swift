// SPDX-License-Identifier: MIT
import Glibc
import Keyspace

/// `<file>.lock`, held as long as the object lives. The kernel frees it when the process ends, however it ends.
final class FileLock: Sendable {
    private let file: Int32

    init(path: String) throws(KeyspaceError) {
        file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard file >= 0 else {
            throw KeyspaceError(.unavailable, "The keyspace's lock file can't be opened (errno \(errno)).")
        }
        guard flock(file, LOCK_EX | LOCK_NB) == 0 else {
            let code = errno
            close(file)
            throw KeyspaceError(
                .unavailable,
                code == EWOULDBLOCK
                    ? "The keyspace file is in use by another process."
                    : "The keyspace's lock file can't be locked (errno \(code)).")
        }
    }

    deinit { close(file) }
}
