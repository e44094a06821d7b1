// SPDX-License-Identifier: MIT
import JSON
import MainDatabase
import SQLiteMainDatabase
import Synchronization
import TransactionModel

/// A database with a position as a test says, which counts its reads.
final class WatchedReader: DatabaseReader {
    let position = Mutex<Position?>(nil)
    private let inner: SQLiteMainDatabase
    private let count = Atomic<Int>(0)

    var reads: Int { count.load(ordering: .relaxed) }

    init(_ inner: SQLiteMainDatabase) { self.inner = inner }

    func introspect() async throws(DatabaseError) -> Schema { try await inner.introspect() }

    func position() async throws(DatabaseError) -> Position { try await inner.position() }

    func read<R: Sendable>(
        _ body: @escaping @Sendable (any DatabaseSnapshot) throws(DatabaseError) -> R
    ) async throws(DatabaseError) -> R {
        count.add(1, ordering: .relaxed)
        let position = position.withLock { $0 }
        return try await inner.read { snapshot throws(DatabaseError) in
            try body(Moved(inner: snapshot, place: position))
        }
    }

    func close() async {}

    private struct Moved: DatabaseSnapshot {
        let inner: any DatabaseSnapshot
        let place: Position?

        func position() throws(DatabaseError) -> Position? { place }

        func ledger(_ transactions: [TransactionID]) throws(DatabaseError) -> [TransactionID: LedgerEntry] {
            try inner.ledger(transactions)
        }

        func record(_ table: Table, key: [JSONValue]) throws(DatabaseError) -> [JSONValue]? {
            try inner.record(table, key: key)
        }

        func records(
            _ table: Table, where condition: Condition?, order: Ordering,
            _ visit: ([JSONValue]) throws(DatabaseError) -> Bool
        ) throws(DatabaseError) { try inner.records(table, where: condition, order: order, visit) }

        func count(_ table: Table, where condition: Condition?) throws(DatabaseError) -> Int64 {
            try inner.count(table, where: condition)
        }
    }
}
