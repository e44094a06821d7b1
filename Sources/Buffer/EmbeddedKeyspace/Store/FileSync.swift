// SPDX-License-Identifier: MIT
import Glibc

/// What SQLite does not sync itself.
enum FileSync {
    /// A file that no connection has open. (Closing another handle of an open one would drop SQLite's locks on it.)
    static func file(_ path: String) -> Bool { sync(path, O_RDONLY) }

    /// A new file is only there for good when its directory says so.
    @discardableResult
    static func directory(of path: String) -> Bool {
        sync(path.lastIndex(of: "/").map { String(path[...$0]) } ?? ".", O_RDONLY | O_DIRECTORY)
    }

    private static func sync(_ path: String, _ flags: Int32) -> Bool {
        let file = open(path, flags | O_CLOEXEC)
        guard file >= 0 else { return false }
        defer { close(file) }
        return fsync(file) == 0
    }
}
