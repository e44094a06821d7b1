// SPDX-License-Identifier: MIT
import DaemonHarness
import JSON
import Testing

/// A program that reads the main database and is not ours.
protocol RowReader {
    func rows(_ script: String) throws -> [[String]]
}

extension SQLiteProgram: RowReader {}

/// What the torture left in the main database, as such a program reads it, against what the writers were told.
struct TortureAccount {
    static let schema = """
        CREATE TABLE shared (id TEXT PRIMARY KEY, applied INTEGER NOT NULL, last_writer INTEGER, last_sequence INTEGER);
        CREATE TABLE parent (id TEXT PRIMARY KEY, tx TEXT NOT NULL, writer INTEGER NOT NULL, sequence INTEGER NOT NULL);
        CREATE TABLE child (id TEXT PRIMARY KEY, parent_id TEXT NOT NULL REFERENCES parent (id), tx TEXT NOT NULL);
        CREATE TABLE scratch (id TEXT PRIMARY KEY, tx TEXT NOT NULL);
        CREATE TABLE history (
            position INTEGER PRIMARY KEY AUTOINCREMENT, record TEXT NOT NULL, writer INTEGER NOT NULL,
            sequence INTEGER NOT NULL, tx TEXT NOT NULL);
        INSERT INTO shared (id, applied) VALUES ('r0', 0), ('r1', 0), ('r2', 0), ('r3', 0);
        """

    /// A line of the history, in the order in which the database got it.
    struct Line {
        var record: String
        var writer: Int
        var sequence: Int
        var tx: String
    }

    let ledger: [String]
    let history: [Line]
    private let database: any RowReader

    init(_ database: any RowReader) throws {
        self.database = database
        ledger = try database.rows("SELECT transaction_id FROM sluice_ledger ORDER BY sequence").map { $0[0] }
        history = try database.rows("SELECT record, writer, sequence, tx FROM history ORDER BY position").map {
            Line(record: $0[0], writer: Int($0[1]) ?? -1, sequence: Int($0[2]) ?? -1, tx: $0[3])
        }
    }

    static func expectSound(_ database: SQLiteProgram) throws {
        #expect(try database.text("PRAGMA integrity_check") == "ok")
        #expect(try database.rows("PRAGMA foreign_key_check").isEmpty)
    }

    /// Every acknowledged transaction once; what was never acknowledged at most once; nothing else.
    func expectEachOnce(_ writers: [TortureWriter]) throws {
        let applied = Set(ledger)
        #expect(applied.count == ledger.count, "the ledger has a transaction twice")
        let sent = writers.reduce(into: Set<String>()) { $0.formUnion($1.sent) }
        #expect(applied.isSubset(of: sent))
        for writer in writers {
            let lost = writer.acknowledged.keys.filter { !applied.contains($0) }
            let few = lost.sorted().prefix(5)
            #expect(few.isEmpty, "acknowledged and lost: \(lost.count)")
        }
    }

    /// Of every applied transaction all rows are there, once, under the ids that its receipt promised.
    func expectWhole(_ writers: [TortureWriter]) throws {
        let parents = try database.rows("SELECT tx, id FROM parent")
        let children = try database.rows(
            "SELECT c.tx FROM child c JOIN parent p ON p.id = c.parent_id AND p.tx = c.tx")
        #expect(parents.map { $0[0] }.sorted() == ledger.sorted())
        #expect(children.map { $0[0] }.sorted() == (ledger + ledger).sorted())
        #expect(history.map(\.tx).sorted() == ledger.sorted())
        #expect(try database.rows("SELECT count(*) FROM child") == [["\(children.count)"]])

        let promised = writers.reduce(into: [String: String]()) { $0.merge($1.acknowledged) { first, _ in first } }
        let broken = parents.filter { row in promised[row[0]].map { $0 != row[1] } ?? false }
        #expect(broken.isEmpty, "another id than the receipt's: \(broken.prefix(3))")

        // Each transaction swept away what its writer's last one had left.
        let applied = Set(ledger)
        let left = history.filter { !applied.contains("w\($0.writer)-\($0.sequence + 1)") }.map(\.tx)
        #expect(try database.rows("SELECT id FROM scratch").map { $0[0] }.sorted() == left.sorted())
    }

    /// Per record the order of acceptance is the order in which the database got the transactions.
    func expectOrdered(sequences: [String: Int64]) throws {
        for (record, lines) in Dictionary(grouping: history, by: \.record) {
            for (writer, own) in Dictionary(grouping: lines, by: \.writer) {
                let numbers = own.map(\.sequence)
                #expect(numbers == numbers.sorted(), "writer \(writer) out of order on \(record)")
            }
            let accepted = lines.map { sequences[$0.tx] ?? -1 }
            #expect(!accepted.contains(-1) && accepted == accepted.sorted(), "\(record) out of order of acceptance")
            let row = try database.rows(
                "SELECT applied, last_writer, last_sequence FROM shared WHERE id = '\(record)'")
            #expect(row == [["\(lines.count)", "\(lines.last?.writer ?? -1)", "\(lines.last?.sequence ?? -1)"]])
        }
    }
}
