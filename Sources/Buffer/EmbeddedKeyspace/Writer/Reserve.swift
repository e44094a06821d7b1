// SPDX-License-Identifier: MIT
import Glibc
import SQLiteConnection

/// `keyspace.reserve` beside the database: room that is given up when the disk is full, so that the drain goes on.
///
/// Where the file has a size limit, the reserve is a part of that limit too.
struct Reserve {
    private let path: String
    private let bytes: Int
    private let fileBytesMax: Int?

    init(_ settings: EmbeddedSettings) {
        let directory = settings.path.lastIndex(of: "/").map { String(settings.path[...$0]) } ?? ""
        path = directory + "keyspace.reserve"
        bytes = settings.reserveBytes
        fileBytesMax = settings.fileBytesMax
    }

    /// Makes the room available to the database.
    func giveUp(for connection: SQLiteConnection) {
        unlink(path)
        limit(connection, to: fileBytesMax)
    }

    /// Takes the room back. False: there is not enough of it yet.
    func rebuild(for connection: SQLiteConnection) -> Bool {
        guard hasRoomInFile(connection), allocate() else { return false }
        limit(connection, to: fileBytesMax.map { $0 - bytes })
        return true
    }

    private func hasRoomInFile(_ connection: SQLiteConnection) -> Bool {
        guard let fileBytesMax else { return true }
        guard let pages = try? connection.integer("PRAGMA page_count"),
            let free = try? connection.integer("PRAGMA freelist_count"),
            let pageBytes = try? connection.integer("PRAGMA page_size")
        else { return false }
        // An eighth beyond the reserve: who has just been full shall not be full again with the next transaction.
        return Int((pages - free) * pageBytes) + bytes + bytes / 8 <= fileBytesMax
    }

    private func allocate() -> Bool {
        let file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard file >= 0 else { return false }
        defer { close(file) }
        // Blocks, not a hole: a hole would be no reserve.
        guard posix_fallocate(file, 0, bytes) == 0 else {
            unlink(path)
            return false
        }
        return true
    }

    private func limit(_ connection: SQLiteConnection, to bytes: Int?) {
        guard let bytes, let pageBytes = try? connection.integer("PRAGMA page_size") else { return }
        try? connection.execute("PRAGMA max_page_count = \(max(1, bytes / Int(pageBytes)))")
    }
}
