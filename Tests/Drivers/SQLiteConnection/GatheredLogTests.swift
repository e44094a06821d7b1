// SPDX-License-Identifier: MIT
import CSQLite
import Foundation
import SeededRandom
import Synchronization
import Testing

@testable import SQLiteConnection

/// The log whose writes are gathered: what is committed is in the files, whatever the size of a transaction.
@Suite struct GatheredLogTests {
    private let directory: URL

    init() throws {
        directory = FileManager.default.temporaryDirectory.appendingPathComponent("sluice-log-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
    }

    private var path: String { directory.appendingPathComponent("a.db").path }

    private func open() throws -> SQLiteConnection {
        let connection = try SQLiteConnection(path: path, mode: .create, gathersLog: true)
        // A small cache: long transactions spill into the log, and read from it what they have not committed.
        try connection.execute(
            """
            PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;
            PRAGMA wal_autocheckpoint = 0; PRAGMA cache_size = 16; PRAGMA temp_store = MEMORY;
            CREATE TABLE IF NOT EXISTS t(id INTEGER PRIMARY KEY, payload BLOB NOT NULL)
            """)
        return connection
    }

    /// What a process killed now would leave behind, as SQLite without us reads it.
    private func rowsAfterKill() throws -> [Int64: Int64] {
        let copy = directory.appendingPathComponent("copy.db").path
        for suffix in ["", "-wal", "-shm"] {
            try? FileManager.default.removeItem(atPath: copy + suffix)
            if suffix != "-shm", FileManager.default.fileExists(atPath: path + suffix) {
                try FileManager.default.copyItem(atPath: path + suffix, toPath: copy + suffix)
            }
        }
        let connection = try SQLiteConnection(path: copy, mode: .readWrite)
        #expect(try connection.text("PRAGMA integrity_check") == "ok")
        return try rows(connection)
    }

    private func rows(_ connection: SQLiteConnection) throws -> [Int64: Int64] {
        let statement = try connection.statement("SELECT id, length(payload) FROM t")
        defer { statement.reset() }
        var rows: [Int64: Int64] = [:]
        while try statement.step() { rows[statement.int64(0)] = statement.int64(1) }
        return rows
    }

    @Test(arguments: [1, 2, 3, 4, 5, 6] as [UInt64])
    func whatIsCommittedIsInTheFilesAndNothingElse(seed: UInt64) throws {
        defer { try? FileManager.default.removeItem(at: directory) }
        var random = SeededGenerator(seed: seed)
        var connection = try open()
        var expected: [Int64: Int64] = [:]
        for round in 0..<40 {
            let before = expected
            try connection.execute("BEGIN IMMEDIATE")
            // From one page to several times what is gathered.
            for _ in 0..<Int.random(in: 1...(round % 10 == 0 ? 400 : 12), using: &random) {
                let id = Int64.random(in: 1...500, using: &random)
                let length = Int64.random(in: 1...(Bool.random(using: &random) ? 300 : 20_000), using: &random)
                if Int.random(in: 0..<5, using: &random) == 0 {
                    try connection.execute("DELETE FROM t WHERE id = \(id)")
                    expected[id] = nil
                } else {
                    try connection.execute("INSERT OR REPLACE INTO t VALUES(\(id), randomblob(\(length)))")
                    expected[id] = length
                }
            }
            #expect(try rows(connection) == expected)
            #expect(try rowsAfterKill() == before)
            if Int.random(in: 0..<4, using: &random) == 0 {
                try connection.execute("ROLLBACK")
                expected = before
            } else {
                try connection.execute("COMMIT")
            }
            #expect(try rowsAfterKill() == expected)
            switch Int.random(in: 0..<8, using: &random) {
            case 0: _ = try connection.checkpoint(truncate: false)
            case 1: _ = try connection.checkpoint(truncate: true)
            case 2:
                connection.close()
                connection = try open()
            default: break
            }
            #expect(try rows(connection) == expected)
        }
    }

    @Test func aCommitIsOneWriteForEach64KiB() throws {
        defer { try? FileManager.default.removeItem(at: directory) }
        let connection = try open()
        try connection.execute("INSERT INTO t VALUES(1, zeroblob(100))")
        let before = try writes()
        try connection.execute("BEGIN IMMEDIATE")
        for id in 2...60 { try connection.execute("INSERT INTO t VALUES(\(id), zeroblob(3500))") }
        try connection.execute("COMMIT")
        // About 62 pages of 4 KiB; written page by page these were about 124 writes.
        #expect(try writes() - before <= 6)
    }

    /// Write calls of this thread so far.
    private func writes() throws -> Int {
        let text = try String(contentsOfFile: "/proc/thread-self/io", encoding: .utf8)
        let line = try #require(text.split(separator: "\n").first { $0.hasPrefix("syscw") })
        return try #require(Int(line.split(separator: " ")[1]))
    }
}

extension GatheredLogTests {
    @Test func `a commit that found no room is not in the files, whatever stood behind it`() throws {
        SmallDisk.install()
        let connection = try open()
        // Spills into the log, whose last piece is still gathered when all of it is rolled back.
        try connection.execute(
            """
            BEGIN IMMEDIATE; WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 30)
            INSERT INTO t SELECT i, randomblob(3500) FROM n; ROLLBACK; BEGIN IMMEDIATE; INSERT INTO t VALUES(42, x'00')
            """)
        // Room for the one page that the commit consists of, and none for what is left behind it.
        let error = #expect(throws: SQLiteError.self) {
            try SmallDisk.with(room: 24 + 4096) { try connection.execute("COMMIT") }
        }
        #expect(error?.isFull == true)
        #expect(try rowsAfterKill() == [:])
        try connection.execute("INSERT INTO t VALUES(43, x'00')")
        #expect(try rowsAfterKill() == [43: 1])
        connection.close()
        try FileManager.default.removeItem(at: directory)
    }
}

/// The disk of one thread: so many bytes fit into it, then none.
private enum SmallDisk {
    private static let thread = Atomic<UInt>(0)
    private static let room = Atomic<Int>(0)

    static func install() {
        guard let system = sqlite3_vfs_find(nil) else { return }
        let write: @convention(c) (Int32, UnsafeRawPointer?, Int, Int) -> Int = { file, bytes, count, offset in
            guard SmallDisk.thread.load(ordering: .relaxed) == UInt(pthread_self()) else {
                return pwrite(file, bytes, count, offset)
            }
            let room = SmallDisk.room.load(ordering: .relaxed)
            guard room > 0 else {
                errno = ENOSPC
                return -1
            }
            SmallDisk.room.subtract(min(count, room), ordering: .relaxed)
            return pwrite(file, bytes, min(count, room), offset)
        }
        for name in ["pwrite", "pwrite64"] {
            _ = system.pointee.xSetSystemCall(system, name, unsafeBitCast(write, to: sqlite3_syscall_ptr.self))
        }
    }

    static func with<R>(room bytes: Int, _ body: () throws -> R) rethrows -> R {
        room.store(bytes, ordering: .relaxed)
        thread.store(UInt(pthread_self()), ordering: .relaxed)
        defer { thread.store(0, ordering: .relaxed) }
        return try body()
    }
}
