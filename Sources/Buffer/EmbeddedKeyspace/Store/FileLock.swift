// SPDX-License-Identifier: MIT
import Glibc
import Keyspace
import Synchronization

/// `<file>.lock`, held until it is released. The kernel frees it when the process ends, however it ends.
final class FileLock: Sendable {
    /// -1 once released.
    private let file: Mutex<Int32>

    init(path: String) throws(KeyspaceError) {
        let file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard file >= 0 else {
            throw KeyspaceError(
                .unavailable,
                "The keyspace's lock file \(path) can't be opened (errno \(errno)): check its folder and the permissions."
            )
        }
        guard flock(file, LOCK_EX | LOCK_NB) == 0 else {
            let code = errno
            close(file)
            throw KeyspaceError(
                .unavailable,
                code == EWOULDBLOCK
                    ? "The keyspace file is in use by another process, which holds \(path): does another sluice run?"
                    : "The keyspace's lock file \(path) can't be locked (errno \(code)).")
        }
        self.file = Mutex(file)
    }

    deinit { release() }

    func release() {
        file.withLock { file in
            if file >= 0 { close(file) }
            file = -1
        }
    }
}
