// SPDX-License-Identifier: MIT
internal import Glibc

/// The right to own a socket's path: an exclusive lock on `<path>.lock`, held until the value is gone.
///
/// The file stays: who removed it could not know whether another one waits for it. The system releases the lock of a
/// process that died.
struct SocketLock: ~Copyable {
    private let descriptor: Int32

    init(forSocketAt path: String) throws(SocketServerError) {
        let file = path + ".lock"
        let descriptor = try SystemCall.check(
            open(file, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600), "open the lock \(file)")
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            let code = errno
            close(descriptor)
            guard code == EWOULDBLOCK else {
                throw SocketServerError(
                    .systemCall, "Cannot lock \(file): \(SystemCall.message(code)).", errno: code)
            }
            throw SocketServerError(
                .alreadyRunning, "Another server already serves \(path): it holds the lock \(file).", errno: code)
        }
        self.descriptor = descriptor
    }

    deinit {
        close(descriptor)
    }
}
