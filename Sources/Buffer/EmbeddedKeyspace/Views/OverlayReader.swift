// SPDX-License-Identifier: MIT
import Keyspace
import SQLiteConnection
import TransactionModel

/// Reads the overlay of a model a page at a time, along the table's own order.
struct OverlayReader {
    let store: Store

    func run(_ read: OverlayRead) throws(SQLiteError) -> OverlayPage {
        var page = Page(read)
        let model = RecordKey.encoded(read.model) + ":"
        if let records = read.records {
            let after = read.after.map { Array($0.utf8) }
            let wanted = records.map { Array($0.utf8) }.filter { after?.lexicographicallyPrecedes($0) ?? true }
            for record in wanted.sorted(by: { $0.lexicographicallyPrecedes($1) }) where !page.isFull {
                let key = model + String(decoding: record, as: UTF8.self)
                try collect("record = ?1", key, nil, model, &page)
            }
        } else {
            let after = read.after ?? ""
            if read.unnamedOnly {
                // `;` follows `:`.
                let first = after.utf8.lexicographicallyPrecedes(":".utf8) ? ":" : after
                try collect("record > ?1 AND record < ?2", model + first, model + ";", model, &page)
            } else {
                // An id may be empty: the first page begins with it.
                let first = read.after == nil ? "record >= ?1" : "record > ?1"
                try collect("\(first) AND record < ?2", model + after, model.dropLast() + ";", model, &page)
            }
        }
        page.finishRecord()
        var result = OverlayPage(
            entries: page.entries, next: page.isFull ? page.entries.last?.encodedID : nil,
            newest: store.memory.counters.lastSequence)
        for sequence in page.sequences { result.transactions[sequence] = try transaction(sequence) }
        return result
    }

    private func collect(
        _ range: String, _ first: String, _ end: String?, _ model: String, _ page: inout Page
    ) throws(SQLiteError) {
        let statement = try store.connection.statement(
            """
            SELECT p.record, p.sequence, p.step, p.row, t.bytes
            FROM pending_change p CROSS JOIN txn t ON t.sequence = p.sequence
            WHERE \(range) ORDER BY p.record, p.sequence, p.step, p.row
            """)
        defer { statement.reset() }
        statement.bind(1, first)
        if let end { statement.bind(2, end) }
        while !page.isFull, try statement.step() {
            let id = String((statement.text(0) ?? "").utf8.dropFirst(model.utf8.count)) ?? ""
            page.add(
                OverlayPage.Entry(
                    encodedID: id, sequence: statement.int64(1), step: Int(statement.int64(2)),
                    row: Int(statement.int64(3))), bytes: Int(statement.int64(4)))
        }
        page.finishRecord()
    }

    private func transaction(_ sequence: Int64) throws(SQLiteError) -> OverlayPage.PendingTransaction? {
        let statement = try store.connection.statement("SELECT id, state, payload FROM txn WHERE sequence = ?")
        defer { statement.reset() }
        statement.bind(1, sequence)
        guard try statement.step(), let id = statement.text(0).flatMap({ TransactionID($0) }),
            let state = StoredState(rawValue: statement.int64(1))
        else { return nil }
        return OverlayPage.PendingTransaction(
            transactionID: id, payload: statement.bytes(2) ?? [],
            status: state.status(isClaimed: store.memory.claims.contains(sequence)))
    }

    /// A page that fills up record by record; the record that would make it too large stays out, unless it is the first.
    private struct Page {
        private(set) var entries: [OverlayPage.Entry] = []
        private(set) var sequences: Set<Int64> = []
        private(set) var isFull = false
        private var bytes = 0
        private var record: [OverlayPage.Entry] = []
        private var recordSequences: [Int64: Int] = [:]
        private let entriesMax: Int
        private let bytesMax: Int

        init(_ read: OverlayRead) {
            entriesMax = read.entriesMax
            bytesMax = read.bytesMax
        }

        mutating func add(_ entry: OverlayPage.Entry, bytes: Int) {
            if let open = record.first, !open.encodedID.utf8.elementsEqual(entry.encodedID.utf8) { finishRecord() }
            guard !isFull else { return }
            record.append(entry)
            if !sequences.contains(entry.sequence) { recordSequences[entry.sequence] = bytes }
        }

        mutating func finishRecord() {
            guard !record.isEmpty else { return }
            let more = recordSequences.values.reduce(0, +)
            if !entries.isEmpty, entries.count + record.count > entriesMax || bytes + more > bytesMax {
                isFull = true
            } else {
                entries += record
                sequences.formUnion(recordSequences.keys)
                bytes += more
            }
            record = []
            recordSequences = [:]
        }
    }
}
