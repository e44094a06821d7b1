// SPDX-License-Identifier: MIT
import Glibc

/// Which file a path names at a moment. Another one than before: it was replaced, and open connections see the old one.
struct FileIdentity: Equatable {
    private let device: UInt64
    private let node: UInt64

    enum Lookup: Equatable {
        case present(FileIdentity)
        case missing
        /// `errno` of the lookup: no permission, a mount that does not answer.
        case unknown(Int32)
    }

    static func look(at path: String) -> Lookup {
        var status = stat()
        guard stat(path, &status) == 0 else {
            let code = errno
            return code == ENOENT || code == ENOTDIR ? .missing : .unknown(code)
        }
        return .present(FileIdentity(device: UInt64(status.st_dev), node: UInt64(status.st_ino)))
    }
}
