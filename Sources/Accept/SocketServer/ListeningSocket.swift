// SPDX-License-Identifier: MIT
internal import Glibc

/// A socket file of ours, from the lock to the removal.
///
/// At no moment is it open wider than its mode. It replaces a stale socket, never anything else, and it is removed at
/// the end only if the file is still the one it made.
struct ListeningSocket: ~Copyable {
    /// Connections that the system completes before they are accepted.
    private static let backlog: Int32 = 1024

    /// Non-blocking and listening. The event loop owns and closes it.
    let descriptor: Int32
    private let path: String
    private let file: FileIdentity
    private let lock: SocketLock

    init(at path: String, mode: UInt32) throws(SocketServerError) {
        try SocketFolder.check(forSocketAt: path)
        let lock = try SocketLock(forSocketAt: path)
        try Self.removeStale(path)
        let descriptor = try Self.makeDescriptor()
        let file: FileIdentity
        do throws(SocketServerError) {
            file = try Self.bind(descriptor, to: path, mode: mode)
        } catch {
            close(descriptor)
            throw error
        }
        self.descriptor = descriptor
        self.path = path
        self.file = file
        self.lock = lock
    }

    deinit {
        if FileIdentity(at: path) == file { unlink(path) }
    }

    private static func makeDescriptor() throws(SocketServerError) -> Int32 {
        let type = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue)
        return try SystemCall.check(socket(AF_UNIX, type, 0), "make a socket")
    }

    private static func bind(
        _ descriptor: Int32, to path: String, mode: UInt32
    ) throws(SocketServerError) -> FileIdentity {
        // The file gets the descriptor's permissions, less the umask: so none it should not have, from the start.
        _ = try SystemCall.check(fchmod(descriptor, mode), "set the permissions of a socket")
        let bound = withAddress(path) { Glibc.bind(descriptor, $0, $1) }
        _ = try SystemCall.check(bound, "bind the socket \(path)")
        guard let file = FileIdentity(at: path), file.isSocket else {
            throw SocketServerError(.pathOccupied, "The socket \(path) was replaced while it was made.")
        }
        do throws(SocketServerError) {
            // Gives back what the umask took.
            _ = try SystemCall.check(chmod(path, mode), "set the permissions of \(path)")
            _ = try SystemCall.check(listen(descriptor, backlog), "listen on \(path)")
        } catch {
            unlink(path)
            throw error
        }
        return file
    }

    /// The caller holds the lock, so no server of ours listens there.
    private static func removeStale(_ path: String) throws(SocketServerError) {
        guard let file = FileIdentity(at: path) else { return }
        guard file.isSocket else {
            throw SocketServerError(.pathOccupied, "\(path) exists and is no socket; it was left as it is.")
        }
        let probe = try makeDescriptor()
        defer { close(probe) }
        let connected = withAddress(path) { connect(probe, $0, $1) }
        guard connected != 0, errno == ECONNREFUSED else {
            throw SocketServerError(.pathOccupied, "Another program listens on \(path), or may; it was left as it is.")
        }
        _ = try SystemCall.check(unlink(path), "remove the stale socket \(path)")
    }

    /// The path fits: its length was checked.
    private static func withAddress(
        _ path: String, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32
    ) -> Int32 {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        return withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                body($0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
    }
}

/// Which file a path names at this moment; a symbolic link counts as itself.
private struct FileIdentity: Equatable {
    private let device: UInt64
    private let inode: UInt64
    let isSocket: Bool

    init?(at path: String) {
        var status = stat()
        guard lstat(path, &status) == 0 else { return nil }
        device = UInt64(status.st_dev)
        inode = UInt64(status.st_ino)
        isSocket = status.st_mode & S_IFMT == S_IFSOCK
    }
}
