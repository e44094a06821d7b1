// SPDX-License-Identifier: MIT
import Foundation
import JSON
import Keyspace
import KeyspaceConformance
import SQLiteConnection
import Testing
import TransactionModel

@testable import EmbeddedKeyspace

@Suite struct OpeningTests {
    let fixture = Fixture()

    @Test func `what was acknowledged is there after a restart`() async throws {
        try await fixture.with { subject, _ async throws in
            for number in 0..<10 { try await subject.accept("t\(number)", Subject.step("create", "m", "\(number)")) }
            _ = try await subject.command("SET", "k", "v")
        }
        try await fixture.with { subject, _ async throws in
            #expect(try await subject.buffer().count == 10)
            #expect(try await subject.command("GET", "k") == .bulk(Array("v".utf8)))
            #expect(try await subject.accept("next") == .accepted)
            #expect(try await subject.status("next")?["sequence"]?.int64 == 11)
        }
    }

    @Test func `a claim without outcome is counted after a restart, one with an outcome is not`() async throws {
        try await fixture.with { subject, _ async throws in
            for id in ["a", "b", "c"] { try await subject.accept(id) }
            _ = try await subject.claim()
            try await subject.advance(.committed(Subject.id("a"), position: Position(1), generatedIDs: nil))
            try await subject.advance(.returned(Subject.id("b")))
        }
        try await fixture.with { subject, _ async throws in
            let claimed = try await subject.claim()
            #expect(claimed.map(\.transactionID.string) == ["b", "c"])
            #expect(claimed.map(\.unresolvedClaims) == [0, 1])
            #expect(try await subject.counter("processing") == 2)
        }
    }

    @Test(arguments: 1...4)
    func `what the counters' row does not tell, the rows do, seed`(_ seed: Int) async throws {
        var history = RandomHistory(seed: UInt64(seed))
        var bytes: Int64 = 0
        for _ in 0..<25 {
            try await fixture.with { subject, _ async throws in
                #expect(try await subject.counter("bytes_unfinished") == bytes)
                try await history.check(subject)
                for _ in 0..<20 { try await history.step(subject) }
                bytes = try await subject.counter("bytes_unfinished")
            }
        }
    }

    @Test func `accepts alone spare the counters' row, but not without end`() async throws {
        try await fixture.with { subject, _ async throws in
            for number in 0..<3 { try await subject.accept("t\(number)") }
        }
        #expect(try writtenSequence() == 0)
        try await fixture.with { subject, _ async throws in
            #expect(try await subject.counter("accepted") == 3)
            _ = try await subject.claim()
            #expect(try await subject.counter("processing") == 3)
            try await subject.advance(.committed(Subject.id("t1"), position: Position(1), generatedIDs: nil))
        }
        #expect(try writtenSequence() == 3)
        try await fixture.with { subject, _ async throws in
            let accepts = (0..<Int(Counters.acceptsUnwrittenMax)).map { number in
                Operation.accept(Subject.transaction("u\(number)", [], at: subject.time(0)))
            }
            for half in [accepts[..<512], accepts[512...]] { _ = try await subject.keyspace.perform(Array(half)) }
            try await subject.accept("last")
            try await subject.accept("beyond")
            #expect(try await subject.counter("accepted") == 1029)
        }
        #expect(try writtenSequence() == 1028)
    }

    @Test func `revisions whose bytes cancel out are told`() async throws {
        func requeued(_ id: String, spaces: Int) -> Advance.Change {
            let payload = Subject.transaction(id, [], at: Timestamp(microseconds: 0)).payload
            return .requeued(
                Subject.id(id),
                revised: Advance.Revision(
                    payload: payload + Array(repeating: 32, count: spaces), previous: [], changes: [],
                    generatedIDs: nil))
        }
        func dead(_ id: String) -> Advance.Change {
            .dead(Subject.id(id), error: Subject.error, held: [], released: [])
        }
        var bytes: Int64 = 0
        try await fixture.with { subject, _ async throws in
            try await subject.accept("a")
            _ = try await subject.claim()
            try await subject.advance(dead("a"))
            try await subject.advance(requeued("a", spaces: 10))
            try await subject.accept("b")
            _ = try await subject.claim()
            try await subject.advance(dead("a"), dead("b"), requeued("a", spaces: 0), requeued("b", spaces: 10))
            bytes = try await subject.counter("bytes_unfinished")
        }
        try await fixture.with { subject, _ async throws in
            #expect(try await subject.counter("bytes_unfinished") == bytes)
        }
    }

    private func writtenSequence() throws -> Int64? {
        let connection = try SQLiteConnection(path: fixture.path, mode: .readWrite)
        defer { connection.close() }
        return try connection.integer("SELECT last_sequence FROM counters")
    }

    @Test func `a second process can't open the file`() async throws {
        try await fixture.with { _, _ async throws in
            let error = #expect(throws: KeyspaceError.self) { _ = try fixture.open() }
            #expect(error?.code == .unavailable)
            #expect(error?.message.contains("another process") == true)
            // Nor can one that knows nothing of the lock's file, and there is no shared memory to read from.
            let reader = Process()
            reader.executableURL = URL(filePath: "/usr/bin/sqlite3")
            reader.arguments = [fixture.path, "SELECT count(*) FROM txn"]
            let (output, errors) = (Pipe(), Pipe())
            (reader.standardOutput, reader.standardError) = (output, errors)
            try reader.run()
            let text = String(decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
            reader.waitUntilExit()
            #expect(reader.terminationStatus != 0 && text.contains("locked"), "\(text)")
            #expect(!FileManager.default.fileExists(atPath: fixture.path + "-shm"))
        }
    }

    @Test func `the files are their owner's alone`() async throws {
        try await fixture.with { subject, _ async throws in
            try await subject.accept("a")
            for suffix in ["", "-wal", ".lock"] {
                let attributes = try FileManager.default.attributesOfItem(atPath: fixture.path + suffix)
                #expect(attributes[.posixPermissions] as? Int == 0o600, "\(suffix)")
            }
        }
    }

    @Test func `a file of another site is refused`() async throws {
        try await fixture.with { _, _ async throws in }
        let error = #expect(throws: KeyspaceError.self) {
            _ = try fixture.open(fixture.settings(SiteSettings(site: "other")))
        }
        #expect(error?.code == .incompatible)
        #expect(error?.message.contains("another site") == true)
    }

    @Test(arguments: ["CREATE TABLE x(y)", "PRAGMA user_version = 7", "PRAGMA application_id = 42"])
    func `a foreign file is refused and left alone`(_ sql: String) throws {
        let connection = try SQLiteConnection(path: fixture.path, mode: .create)
        try connection.execute(sql)
        connection.close()
        let before = FileManager.default.contents(atPath: fixture.path)
        #expect(throws: KeyspaceError.self) { _ = try fixture.open() }
        #expect(FileManager.default.contents(atPath: fixture.path) == before)
    }

    @Test func `a file of a newer version is refused`() async throws {
        try await fixture.with { _, _ async throws in }
        let connection = try SQLiteConnection(path: fixture.path, mode: .readWrite)
        try connection.execute("PRAGMA user_version = 99")
        connection.close()
        let error = #expect(throws: KeyspaceError.self) { _ = try fixture.open() }
        #expect(error?.code == .incompatible)
        #expect(error?.message.contains("newer version") == true)
    }

    @Test func `what is no database is refused`() throws {
        _ = FileManager.default.createFile(atPath: fixture.path, contents: Data(repeating: 65, count: 8192))
        let error = #expect(throws: KeyspaceError.self) { _ = try fixture.open() }
        #expect(error?.code == .incompatible)
    }

    @Test func `a look at the header tells what can't be a keyspace`() async throws {
        #expect(KeyspaceFile.fault(at: fixture.path) == nil, "there is none yet")
        try await fixture.with { subject, _ async throws in try await subject.accept("a") }
        #expect(KeyspaceFile.fault(at: fixture.path) == nil)
        let other = fixture.directory + "/other.db"
        try SQLiteConnection(path: other, mode: .create).execute("PRAGMA application_id = 42; CREATE TABLE x(y)")
        #expect(KeyspaceFile.fault(at: other)?.contains("no keyspace") == true)
        try "no database at all, but long enough".write(toFile: other, atomically: true, encoding: .utf8)
        #expect(KeyspaceFile.fault(at: other) == "no SQLite file")
    }

    @Test func `a backup is a keyspace of its own, and never overwrites`() async throws {
        let copy = Fixture()
        try await fixture.with { subject, keyspace async throws in
            try await subject.accept("a", Subject.step("create", "m", "1"))
            try await keyspace.backup(to: copy.path)
            await #expect(throws: KeyspaceError.self) { try await keyspace.backup(to: copy.path) }
        }
        try await copy.with { subject, _ async throws in #expect(try await subject.buffer() == ["a"]) }
    }

    @Test func `after closing nothing is answered`() async throws {
        let keyspace = try fixture.open()
        let connection = try await keyspace.connect()
        await keyspace.close()
        await keyspace.close()
        for attempt in [
            { () async throws -> Void in _ = try await keyspace.perform([.command(Command("PING"))]) },
            { () async throws -> Void in _ = try await connection.execute([]) },
            { () async throws -> Void in _ = try await keyspace.connect() },
        ] {
            let error = await #expect(throws: KeyspaceError.self) { try await attempt() }
            #expect(error?.code == .unavailable)
        }
    }
}
