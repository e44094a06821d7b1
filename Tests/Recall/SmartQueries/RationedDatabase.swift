// SPDX-License-Identifier: MIT
import JSON
import MainDatabase
import SQLiteMainDatabase
import Synchronization
import TransactionModel

/// A main database that applies so many batches, and is away then.
final class RationedDatabase: MainDatabase {
    private let inner: SQLiteMainDatabase
    private let left: Mutex<Int>

    init(_ inner: SQLiteMainDatabase, batches: Int) {
        self.inner = inner
        left = Mutex(batches)
    }

    var dialect: SQLDialect { inner.dialect }

    func introspect() async throws(DatabaseError) -> Schema { try await inner.introspect() }

    func position() async throws(DatabaseError) -> Position { try await inner.position() }

    func read<R: Sendable>(
        _ body: @escaping @Sendable (any DatabaseSnapshot) throws(DatabaseError) -> R
    ) async throws(DatabaseError) -> R {
        try await inner.read(body)
    }

    func takeLease(site: String, atLeast: Int64) async throws(DatabaseError) -> Lease {
        try await inner.takeLease(site: site, atLeast: atLeast)
    }

    func verify(_ lease: Lease) async throws(DatabaseError) { try await inner.verify(lease) }

    func apply(_ batch: [PreparedTransaction], under lease: Lease) async throws(DatabaseError) -> BatchOutcome {
        let isAway = left.withLock { left in
            left -= 1
            return left < 0
        }
        if isAway { throw DatabaseError(.unavailable, code: "rationed", "The database is away.") }
        return try await inner.apply(batch, under: lease)
    }

    func pruneLedger(before: Timestamp, rowsMax: Int) async throws(DatabaseError) -> Int {
        try await inner.pruneLedger(before: before, rowsMax: rowsMax)
    }

    func close() async {}
}
