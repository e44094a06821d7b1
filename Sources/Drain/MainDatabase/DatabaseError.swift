// SPDX-License-Identifier: MIT

/// A failure of the main database, classified by its code and never by its text.
public struct DatabaseError: Error, Sendable, Hashable, CustomStringConvertible {
    public enum Kind: String, Sendable, Hashable {
        // The database as a whole: costs no attempt, however long it lasts.
        /// Can't be reached, opened or written to: missing, full, read-only, shutting down.
        case unavailable
        /// Someone else holds a lock: busy, deadlock, serialization, lock timeout.
        case contention
        /// The connection was lost at commit: whether it happened, the ledger knows.
        case outcomeUnknown = "outcome_unknown"
        /// Another processor took the lease.
        case leaseLost = "lease_lost"

        // The transaction's own fault: final, unless something accepted earlier is unfinished.
        case uniqueViolation = "unique_violation"
        case foreignKeyViolation = "foreign_key_violation"
        case notNullViolation = "not_null_violation"
        case checkViolation = "check_violation"
        /// A trigger or rule of the database refused it.
        case refused
        /// A value does not fit its column.
        case invalidValue = "invalid_value"
        /// Update or increment of a row that is not there, or a query that found nothing.
        case recordMissing = "record_missing"
        /// A reference to an id that no transaction ever got.
        case referenceUnresolved = "reference_unresolved"
        /// A table or column is not there (any more).
        case schemaMismatch = "schema_mismatch"

        /// Anything else: retried up to `retry.attempts`.
        case unclassified
    }

    public enum Category: Sendable, Hashable {
        /// Wait and try the same again; no attempt is spent.
        case outage
        /// Stop applying until a new lease is taken.
        case fenced
        /// Final when nothing earlier was unfinished.
        case final
        /// Spends an attempt.
        case transient
    }

    public var kind: Kind
    /// SQLSTATE or SQLite extended result code.
    public var code: String
    /// One sentence without values.
    public var message: String
    /// Index of the failing step, where one failed.
    public var step: Int?

    public init(_ kind: Kind, code: String, _ message: String, step: Int? = nil) {
        self.kind = kind
        self.code = code
        self.message = message
        self.step = step
    }

    /// The same, naming what was violated: a constraint or a column.
    public func naming(_ name: String) -> DatabaseError {
        var error = self
        error.message = (message.hasSuffix(".") ? String(message.dropLast()) : message) + ": \(name)."
        return error
    }

    public var category: Category {
        switch kind {
        case .unavailable, .contention, .outcomeUnknown: .outage
        case .leaseLost: .fenced
        case .uniqueViolation, .foreignKeyViolation, .notNullViolation, .checkViolation, .refused, .invalidValue,
            .recordMissing, .referenceUnresolved, .schemaMismatch:
            .final
        case .unclassified: .transient
        }
    }

    public var description: String { "\(message) (\(kind.rawValue), \(code))" }
}
