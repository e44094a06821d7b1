// SPDX-License-Identifier: MIT
import MainDatabase
public import TransactionBuffering

/// Why a read was not answered.
public enum RecallError: Error, Sendable {
    /// A parameter is wrong, or the store failed.
    case buffering(BufferingError)
    /// The database is needed for this answer and can't be read; says why.
    case databaseUnavailable(String)
    /// The database has not the tables or columns that the schema says; says what it lacks.
    case schemaChanged(String)
    /// The replica lacks what was answered or released before; says what to do.
    case staleRead(String)
    /// More is pending for the model than one query may fold; says what to do.
    case tooLarge(String)

    static func database(_ error: DatabaseError) -> Self {
        if error.kind == .schemaMismatch { return .schemaChanged(error.message) }
        return error.code == ReadFloor.code ? .staleRead(error.message) : .databaseUnavailable(error.message)
    }
}
