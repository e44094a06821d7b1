// SPDX-License-Identifier: MIT
import CSQLite
import Glibc

// The peer of `sluice bench`: the rows that an accept writes, in a loop that does nothing else.
//
//     bare-loop SCHEMA.sql DATABASE SECONDS GROUP PAYLOAD_BYTES [PAUSE_MICROSECONDS]
//
// Prints: rows of transactions per second, and the median time of one group's commit in microseconds. With a pause
// between the groups a disk answers as it answers somebody who waits for requests: slower than back to back.

struct Failure: Error {
    var message: String
}

func seconds() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
}

final class Database {
    let handle: OpaquePointer

    init(_ path: String) throws {
        var handle: OpaquePointer?
        guard sqlite3_open(path, &handle) == SQLITE_OK, let handle else { throw Failure(message: "can't open \(path)") }
        self.handle = handle
    }

    func execute(_ sql: String) throws {
        guard sqlite3_exec(handle, sql, nil, nil, nil) == SQLITE_OK else {
            throw Failure(message: String(cString: sqlite3_errmsg(handle)))
        }
    }

    func prepare(_ sql: String) throws -> OpaquePointer {
        var statement: OpaquePointer?
        guard sqlite3_prepare_v3(handle, sql, -1, UInt32(SQLITE_PREPARE_PERSISTENT), &statement, nil) == SQLITE_OK,
            let statement
        else { throw Failure(message: String(cString: sqlite3_errmsg(handle))) }
        return statement
    }

    func run(_ statement: OpaquePointer) throws {
        guard sqlite3_step(statement) == SQLITE_DONE else {
            throw Failure(message: String(cString: sqlite3_errmsg(handle)))
        }
        sqlite3_reset(statement)
    }
}

nonisolated(unsafe) let transient = unsafeBitCast(-1, to: sqlite3_destructor_type.self)

func readFile(_ path: String) throws -> String {
    guard let file = fopen(path, "r") else { throw Failure(message: "can't read \(path)") }
    defer { fclose(file) }
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 65_536)
    while case let count = fread(&chunk, 1, chunk.count, file), count > 0 { bytes += chunk[..<count] }
    return String(decoding: bytes, as: UTF8.self)
}

func main() throws {
    let arguments = CommandLine.arguments
    guard (6...7).contains(arguments.count), let duration = Double(arguments[3]), let group = Int(arguments[4]),
        let payloadBytes = Int(arguments[5]), let pause = Double(arguments.dropFirst(6).first ?? "0")
    else {
        throw Failure(
            message: "usage: bare-loop SCHEMA.sql DATABASE SECONDS GROUP PAYLOAD_BYTES [PAUSE_MICROSECONDS]")
    }
    let database = try Database(arguments[2])
    try database.execute("PRAGMA locking_mode=EXCLUSIVE; PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;")
    try database.execute("PRAGMA temp_store=MEMORY; PRAGMA cache_size=-12288; PRAGMA wal_autocheckpoint=1024;")
    try database.execute(try readFile(arguments[1]))
    try database.execute("INSERT OR IGNORE INTO counters VALUES(1,0,0,0,0,0,0,0,0,0,0,0,0,0)")

    let insert = try database.prepare(
        """
        INSERT INTO txn(sequence, id, state, content_hash, accepted_at, bytes, payload)
        VALUES(?, ?, 0, ?, ?, ?, ?) ON CONFLICT(id) DO NOTHING
        """)
    let change = try database.prepare("INSERT INTO pending_change VALUES(?, ?, 0, 0)")
    let count = try database.prepare("UPDATE counters SET last_sequence = ?1, accepted = ?1, pending = ?1 WHERE id = 1")
    let payload = [UInt8](repeating: UInt8(ascii: "x"), count: payloadBytes)
    let hash = [UInt8](repeating: 7, count: 32)

    var sequence: Int64 = 0
    var counted: Int64 = 0
    var commits: [Double] = []
    let start = seconds()
    while seconds() - start < duration {
        try database.execute("BEGIN IMMEDIATE")
        for _ in 0..<group {
            sequence += 1
            let time = Int64(seconds() * 1000)
            let id = hexadecimal(time) + "-7" + hexadecimal(sequence) + hexadecimal(Int64.random(in: 0...Int64.max))
            sqlite3_bind_int64(insert, 1, sequence)
            sqlite3_bind_text(insert, 2, id, -1, transient)
            sqlite3_bind_blob(insert, 3, hash, 32, transient)
            sqlite3_bind_int64(insert, 4, time)
            sqlite3_bind_int64(insert, 5, Int64(payloadBytes))
            sqlite3_bind_blob(insert, 6, payload, Int32(payloadBytes), transient)
            try database.run(insert)
            sqlite3_bind_text(change, 1, "bench_record:" + id, -1, transient)
            sqlite3_bind_int64(change, 2, sequence)
            try database.run(change)
        }
        // As often as the sidecar: the rows tell the newest accepts.
        if sequence - counted > 1024 {
            sqlite3_bind_int64(count, 1, sequence)
            try database.run(count)
            counted = sequence
        }
        let before = seconds()
        try database.execute("COMMIT")
        let after = seconds()
        commits.append(after - before)
        while seconds() - after < pause * 1e-6 {}
    }
    let elapsed = seconds() - start
    commits.sort()
    print(Int(Double(sequence) / elapsed), Int(commits[commits.count / 2] * 1e6))
}

func hexadecimal(_ value: Int64) -> String {
    let text = String(value, radix: 16)
    return String(repeating: "0", count: max(0, 12 - text.count)) + text
}

do {
    try main()
} catch {
    let line = Array("bare-loop: \(error)\n".utf8)
    _ = write(STDERR_FILENO, line, line.count)
    exit(1)
}
