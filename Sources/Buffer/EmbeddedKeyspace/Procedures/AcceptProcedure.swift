// SPDX-License-Identifier: MIT
import Keyspace
import SQLiteConnection
import TransactionModel

/// Takes a transaction in, or says what became of the one that has its id.
struct AcceptProcedure {
    let store: Store

    func run(_ accept: Accept) throws(SQLiteError) -> AcceptOutcome {
        // A repeat is answered as one even when there is no room: look before saying so.
        guard !isFull(for: accept.payload.count) else { return try known(accept) ?? .full }
        if store.memory.counters.remembered > 0, let outcome = try remembered(accept) { return outcome }
        let sequence = store.memory.counters.lastSequence + 1
        guard try store.transactions.insert(accept, sequence: sequence) else { return try kept(accept) ?? .conflict }
        try store.overlay.insert(accept.changes, of: sequence)
        store.memory.counters.accept(bytes: accept.payload.count)
        if !store.memory.watches.isEmpty {
            store.touch(accept.transactionID, \.transactionBuffer, \.transactionRecent)
            store.touch(accept.changes.map(\.record))
        }
        return .accepted
    }

    private func isFull(for bytes: Int) -> Bool {
        let counters = store.memory.counters
        return store.isFull || counters.unfinished >= Int64(store.settings.site.transactionsMax)
            || counters.bytesUnfinished + Int64(bytes) > Int64(store.settings.site.bytesMax)
    }

    private func known(_ accept: Accept) throws(SQLiteError) -> AcceptOutcome? {
        if let outcome = try kept(accept) { return outcome }
        return try remembered(accept)
    }

    private func kept(_ accept: Accept) throws(SQLiteError) -> AcceptOutcome? {
        try outcome(accept, "SELECT state, content_hash, generated_ids, sequence FROM txn WHERE id = ?")
    }

    private func remembered(_ accept: Accept) throws(SQLiteError) -> AcceptOutcome? {
        try outcome(accept, "SELECT state, content_hash, generated_ids, NULL FROM remembered WHERE id = ?")
    }

    private func outcome(_ accept: Accept, _ sql: String) throws(SQLiteError) -> AcceptOutcome? {
        let statement = try store.connection.statement(sql)
        defer { statement.reset() }
        statement.bind(1, accept.transactionID.string)
        guard try statement.step(), let state = StoredState(rawValue: statement.int64(0)) else { return nil }
        guard statement.bytes(1) == accept.contentHash.bytes else { return .conflict }
        let isClaimed = statement.optionalInt64(3).map { store.memory.claims.contains($0) } ?? false
        return .duplicate(status: state.status(isClaimed: isClaimed), generatedIDs: statement.bytes(2))
    }
}
