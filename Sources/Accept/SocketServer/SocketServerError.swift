// SPDX-License-Identifier: MIT

/// Why the server could not take its place in the file system. Messages name the path: they are for the operator.
public struct SocketServerError: Error, Sendable, Hashable, CustomStringConvertible {
    public enum Code: String, Sendable, Hashable, CaseIterable {
        /// Empty, holds a zero byte, or is longer than ``SocketServerConfiguration/pathBytesMax``.
        case invalidPath
        /// The folder does not exist, or is no folder.
        case folderMissing
        /// Every user may replace files in the folder: it is writable by others and not sticky.
        case folderUnsafe
        /// Another server holds the lock.
        case alreadyRunning
        /// Something that is no socket, or a socket on which another program listens, is in the place.
        case pathOccupied
        /// The system refused a call; `errno` says why.
        case systemCall
    }

    public let code: Code
    public let message: String
    /// Of the call that failed, otherwise 0.
    public let errno: Int32

    init(_ code: Code, _ message: String, errno: Int32 = 0) {
        self.code = code
        self.message = message
        self.errno = errno
    }

    public var description: String { message }
}
