// SPDX-License-Identifier: MIT
public import MainDatabase
public import TransactionModel

/// Applies stored transactions to the main database, each exactly once.
///
/// Optimistic: a batch is one database transaction. When one of its members fails, each runs alone, in order, so that
/// the others get through. Running a batch again is harmless: what the ledger has is not done twice.
public struct TransactionExecutor: Sendable {
    /// A transaction and the hash of what the client sent.
    public struct Item: Sendable {
        public var transaction: StoredTransaction
        public var contentHash: ContentHash

        public init(_ transaction: StoredTransaction, contentHash: ContentHash) {
            self.transaction = transaction
            self.contentHash = contentHash
        }
    }

    private let database: any MainDatabase
    private let texts: StatementTexts

    public init(database: any MainDatabase) {
        self.database = database
        texts = StatementTexts(dialect: database.dialect)
    }

    /// The statements of a transaction. Throws `schemaMismatch` with the step when it names a table or column that is
    /// not in the schema, `referenceUnresolved` when a reference leads nowhere.
    public func prepare(
        _ transaction: StoredTransaction, contentHash: ContentHash, schema: Schema
    ) throws(DatabaseError) -> PreparedTransaction {
        var builder = StatementBuilder(transaction, schema: schema, texts: texts, dialect: database.dialect)
        return try builder.build(contentHash: contentHash)
    }

    /// Applies a batch, in its order, and reports on each.
    /// - Parameter mustWait: Whether the batch's member `later` must not run when its member `earlier` failed.
    public func execute(
        _ batch: [Item], schema: Schema, under lease: Lease, mustWait: @escaping (_ later: Int, _ earlier: Int) -> Bool
    ) async -> BatchReport {
        var prepared: [PreparedTransaction?] = []
        prepared.reserveCapacity(batch.count)
        var rejected: [Int: DatabaseError] = [:]
        for (index, item) in batch.enumerated() {
            do throws(DatabaseError) {
                prepared.append(try prepare(item.transaction, contentHash: item.contentHash, schema: schema))
            } catch {
                prepared.append(nil)
                rejected[index] = error
            }
        }
        var plan = BatchPlan(count: batch.count, rejected: rejected, mustWait: mustWait)
        var action = plan.start()
        while case .apply(let indices) = action {
            do throws(DatabaseError) {
                switch try await database.apply(indices.compactMap { prepared[$0] }, under: lease) {
                case .applied(let outcomes): action = plan.applied(outcomes)
                case .failed(_, let error): action = plan.failed(error)
                }
            } catch {
                action = plan.failed(error)
            }
        }
        return BatchReport(results: plan.results, stoppedBy: plan.stoppedBy)
    }
}
