// SPDX-License-Identifier: MIT
#if Postgres
import MainDatabase
import PostgresConnection

extension PostgresConnection {
    /// One pipeline: queues, travels, and takes what comes back. When `take` throws, the rest is read and dropped.
    func exchange<R>(_ queue: () -> Void, take: () throws(DatabaseError) -> R) throws(DatabaseError) -> R {
        queue()
        sync()
        let result: R
        do throws(DatabaseError) {
            result = try take()
        } catch {
            // When the connection is lost meanwhile, the first error says more.
            try? finish()
            throw error
        }
        try finish()
        return result
    }

    /// The result of the next statement; an error is thrown.
    func result() throws(DatabaseError) -> PostgresResult {
        switch try outcome() {
        case .done(let result): return result
        case .failed(let error): throw DatabaseError(error)
        case .skipped: throw DatabaseError(.unclassified, code: "skipped", "An earlier statement failed.")
        }
    }

    func outcome() throws(DatabaseError) -> PostgresOutcome {
        do throws(PostgresError) {
            return try next()
        } catch {
            throw DatabaseError(error)
        }
    }

    /// Up to the end of the pipeline.
    func finish() throws(DatabaseError) {
        do throws(PostgresError) {
            try finishSync()
        } catch {
            throw DatabaseError(error)
        }
    }

    /// Ends the transaction block without its effects.
    func rollBack() throws(DatabaseError) {
        _ = try exchange {
            queue("ROLLBACK")
        } take: { () throws(DatabaseError) in
            try result()
        }
    }
}
#endif
