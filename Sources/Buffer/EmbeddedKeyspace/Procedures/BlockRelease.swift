// SPDX-License-Identifier: MIT
import Keyspace
import SQLiteConnection
import TransactionModel

/// A transaction no longer blocks: frees what it held, and lets those parked behind it wait again, and those parked
/// behind them. All keep their sequence, so that the oldest stands last.
struct BlockRelease {
    let store: Store

    /// - Parameter blocker: Behind whom it was parked itself. It may be why later ones were parked there: they wait again too.
    /// - Returns: how many are waiting again.
    func run(_ sequence: Int64, _ id: TransactionID, parkedBehind blocker: Int64?) throws(SQLiteError) -> Int {
        var freed = [(sequence, id)]
        if let blocker { freed += try unpark(behind: blocker, after: sequence) }
        var next = 0
        while next < freed.count {
            let (sequence, id) = freed[next]
            next += 1
            try store.held.free(sequence)
            store.touch(id, \.heldRecords)
            let followers = try unpark(behind: sequence, after: nil)
            if !followers.isEmpty { store.touch(store.keys.parked(behind: id)) }
            freed += followers
        }
        return freed.count - 1
    }

    private func unpark(behind blocker: Int64, after: Int64?) throws(SQLiteError) -> [(Int64, TransactionID)] {
        let followers = try followers(of: blocker).filter { $0.0 > after ?? .min }
        guard let first = followers.first else { return [] }
        let statement = try store.connection.statement(
            "UPDATE txn INDEXED BY txn_parked SET blocker = NULL WHERE blocker = ? AND sequence >= ?")
        statement.bind(1, blocker)
        statement.bind(2, first.0)
        try statement.run()
        store.memory.counters.parked -= Int64(followers.count)
        store.memory.waits(first.0)
        store.touch(first.1, \.transactionBuffer)
        return followers
    }

    private func followers(of sequence: Int64) throws(SQLiteError) -> [(Int64, TransactionID)] {
        var list: [(Int64, TransactionID)] = []
        let statement = try store.connection.statement(
            "SELECT sequence, id FROM txn INDEXED BY txn_parked WHERE blocker = ? ORDER BY sequence")
        defer { statement.reset() }
        statement.bind(1, sequence)
        while try statement.step() {
            guard let id = statement.text(1).flatMap({ TransactionID($0) }) else { continue }
            list.append((statement.int64(0), id))
        }
        return list
    }
}
