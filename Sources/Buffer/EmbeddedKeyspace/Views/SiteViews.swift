// SPDX-License-Identifier: MIT
import Keyspace
import SQLiteConnection
import TransactionModel

/// Finds the view that a key of the site names.
struct SiteViews {
    let store: Store
    let now: Timestamp

    /// Nil when no documented key has this name.
    func view(of key: [UInt8]) -> SiteView? {
        let name = String(decoding: key.dropFirst(store.site.prefix.count), as: UTF8.self)
        // Repaired text is not what was asked for.
        guard name.utf8.count + store.site.prefix.count == key.count else { return nil }
        return single(name) ?? perTransaction(name) ?? perRecord(name)
    }

    private func single(_ name: String) -> SiteView? {
        switch name {
        case "transaction_buffer": .list(TransactionBufferView(store: store))
        case "transaction_retry": .sortedSet(TransactionSetView.retry(store))
        case "transaction_dead_letter": .sortedSet(TransactionSetView.deadLetter(store))
        case "transaction_recent": .sortedSet(RecentView(store: store))
        case "replication_pending": .sortedSet(TransactionSetView.replicationPending(store))
        case "held_records": .hash(HeldRecordsView(store: store))
        case "counters": .hash(CountersView(store: store))
        default: nil
        }
    }

    private func perTransaction(_ name: String) -> SiteView? {
        if let id = name.dropping("transaction:") { return .string(TransactionView(store: store, id: id, now: now)) }
        if let id = name.dropping("parked:") { return .list(ParkedView(store: store, blocker: id)) }
        if name.hasSuffix(":affected_records"), let rest = name.dropping("read_buffer:transaction:") {
            return .set(AffectedRecordsView(store: store, id: String(rest.dropLast(":affected_records".count))))
        }
        return nil
    }

    private func perRecord(_ name: String) -> SiteView? {
        if let record = name.dropping("cache:ids:") {
            return .string(BufferedRecordView(changes: changes(of: record), onlyIfCreated: true))
        }
        if let record = name.dropping("buffered:") {
            return .string(BufferedRecordView(changes: changes(of: record), onlyIfCreated: false))
        }
        if let record = name.dropping("record_pending:") {
            return .list(RecordPendingView(changes: changes(of: record)))
        }
        if let model = name.dropping("buffered_index:") { return .set(BufferedIndexView(store: store, model: model)) }
        guard let record = name.dropping("read_buffer:") else { return nil }
        guard record.hasSuffix(":updates") else { return .hash(ReadBufferView(changes: changes(of: record))) }
        return .list(ReadBufferUpdatesView(changes: changes(of: String(record.dropLast(":updates".count)))))
    }

    private func changes(of record: String) -> PendingChanges { PendingChanges(store: store, record: record) }
}

extension String {
    fileprivate func dropping(_ prefix: String) -> String? {
        utf8.starts(with: prefix.utf8) ? String(decoding: utf8.dropFirst(prefix.utf8.count), as: UTF8.self) : nil
    }
}
