// SPDX-License-Identifier: MIT
import Glibc
internal import NIOCore

extension SluiceClientError {
    /// Words in ``detail`` of `connection_failed`, where it is not that nobody listens.
    public enum Detail {
        /// The socket, or a folder on its path, is not for this user.
        public static let permission = "permission"
        /// The path is longer than a socket's address may be.
        public static let pathLength = "path_length"
        /// What is there is no socket.
        public static let noSocket = "no_socket"
    }

    /// Of a socket's path, in bytes: what the address of a Unix domain socket holds beside its final zero.
    static let pathBytesMax = 107

    /// Why no connection came about. The same call may succeed later only where nobody listened.
    init(connectingTo path: String, _ error: any Error) {
        let code = (error as? IOError)?.errnoCode
        guard path.utf8.count <= Self.pathBytesMax else {
            self.init(
                .connectionFailed,
                "The socket's path has \(path.utf8.count) bytes, and may have \(Self.pathBytesMax): \(path).",
                detail: Detail.pathLength)
            return
        }
        if code == EACCES || code == EPERM {
            self.init(
                .connectionFailed, "This user may not connect to \(path): \(String(cString: strerror(code ?? 0))).",
                detail: Detail.permission)
            return
        }
        // The system says "connection refused" of every file on which nobody listens.
        if let kind = Self.kind(at: path) {
            self.init(.connectionFailed, "\(path) is \(kind), no socket.", detail: Detail.noSocket)
            return
        }
        let reason = code.map { String(cString: strerror($0)) } ?? "\(error)"
        self.init(.connectionFailed, "Nobody answers at \(path): \(reason).", retryable: true)
    }

    /// Of what is no socket; nil for a socket, and where nothing can be seen.
    private static func kind(at path: String) -> String? {
        var status = stat()
        guard stat(path, &status) == 0 else { return nil }
        switch status.st_mode & S_IFMT {
        case S_IFSOCK: return nil
        case S_IFDIR: return "a directory"
        default: return "a file"
        }
    }
}
