// SPDX-License-Identifier: MIT
#if Postgres
import MainDatabase
import PostgresConnection

/// The token of a site in the database, and what errors of our own tables mean.
enum LeaseToken {
    /// `result`: of a statement that reads the token.
    static func check(_ result: PostgresResult, _ lease: Lease) throws(DatabaseError) {
        guard result.rowCount == 1, result.int64(0, 0) == lease.token else { throw lost }
    }

    static let lost = DatabaseError(.leaseLost, code: "lease", "Another processor took the lease of this site.")

    static let elsewhere = DatabaseError(
        .leaseLost, code: "origin", "The main database is another one, or on another timeline, than a moment ago.")

    static func take(
        site: String, atLeast: Int64, on connection: PostgresConnection, of origin: DatabaseOrigin
    ) throws(DatabaseError) -> Lease {
        let found = try connection.exchange {
            connection.begin()
            connection.queue(LedgerSQL.exists)
        } take: { () throws(DatabaseError) in
            try connection.ownResult()
        }
        if found.text(0, 0) != "t" || found.text(0, 1) != "t" {
            // Only where they are missing: CREATE IF NOT EXISTS wants the right to create also when there is nothing to
            // create.
            try connection.exchange {
                for sql in LedgerSQL.create { connection.queue(sql, prepared: false) }
            } take: { () throws(DatabaseError) in
                for _ in LedgerSQL.create { _ = try connection.ownResult() }
            }
        }
        var parameters = PostgresParameters()
        parameters.append(site)
        parameters.append(String(atLeast))
        let raised = try connection.exchange {
            connection.queue(LedgerSQL.raiseToken, parameters)
        } take: { () throws(DatabaseError) in
            try connection.ownResult()
        }
        guard let token = raised.int64(0, 0) else { throw lost }
        return Lease(
            site: site, token: token, isOfOlderDatabase: (raised.int64(0, 1) ?? 0) < atLeast, origin: origin)
    }
}

extension PostgresConnection {
    /// The result of the next statement, which is on our own tables.
    func ownResult() throws(DatabaseError) -> PostgresResult {
        switch try outcome() {
        case .done(let result): return result
        case .failed(let error): throw DatabaseError(own: error)
        case .skipped: throw DatabaseError(.unclassified, code: "skipped", "An earlier statement failed.")
        }
    }
}

extension DatabaseError {
    /// An error of a statement on our own tables: never a transaction's fault.
    init(own error: PostgresError) {
        switch error.code {
        // Somebody dropped them: who takes the lease anew creates them.
        case "42P01": self = LeaseToken.lost
        // Another processor creates them, or inserts the same id, at this moment.
        case "23505", "42P07", "42710":
            self.init(.contention, code: error.code, "Another processor was quicker; the ledger will tell.")
        case "42501":
            self.init(
                .unavailable, code: error.code,
                "The database role may not create or use sluice_ledger and sluice_lease; grant it.")
        default:
            self.init(error)
            if category == .final { kind = .unclassified }
        }
    }
}
#endif
