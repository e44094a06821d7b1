// SPDX-License-Identifier: MIT
internal import Glibc

/// The rules a socket's path and the folder around it must meet.
enum SocketFolder {
    static func check(forSocketAt path: String) throws(SocketServerError) {
        let bytes = path.utf8
        guard !bytes.isEmpty, !bytes.contains(0) else {
            throw SocketServerError(.invalidPath, "The socket's path is empty or holds a zero byte.")
        }
        guard bytes.count <= SocketServerConfiguration.pathBytesMax else {
            let max = SocketServerConfiguration.pathBytesMax
            throw SocketServerError(
                .invalidPath,
                "The socket's path \(path) has \(bytes.count) bytes; the system allows \(max). Choose a shorter one.")
        }
        try check(folder: folder(of: path))
    }

    static func folder(of path: String) -> String {
        guard let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")) else { return "." }
        return slash == path.utf8.startIndex ? "/" : String(path[..<slash])
    }

    private static func check(folder: String) throws(SocketServerError) {
        var status = stat()
        guard stat(folder, &status) == 0 else {
            let reason = SystemCall.message(errno)
            throw SocketServerError(
                .folderMissing, "The socket's folder \(folder) cannot be used: \(reason).", errno: errno)
        }
        guard status.st_mode & S_IFMT == S_IFDIR else {
            throw SocketServerError(.folderMissing, "The socket's folder \(folder) is no folder.")
        }
        // In such a folder anyone could put a socket of his own in our place and receive our clients' requests.
        guard status.st_mode & S_IWOTH == 0 || status.st_mode & S_ISVTX != 0 else {
            throw SocketServerError(
                .folderUnsafe,
                "Every user may replace files in the socket's folder \(folder). Remove that permission: chmod o-w.")
        }
    }
}
