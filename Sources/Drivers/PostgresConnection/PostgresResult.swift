// SPDX-License-Identifier: MIT
#if Postgres
import CLibPQ

/// What a statement returned; values in text form.
public final class PostgresResult {
    private let handle: OpaquePointer

    init(_ handle: OpaquePointer) { self.handle = handle }

    deinit { PQclear(handle) }

    public var rowCount: Int { Int(PQntuples(handle)) }

    public var columnCount: Int { Int(PQnfields(handle)) }

    /// `INSERT 0 1`, `COMMIT`, `SELECT 5`.
    public var commandTag: String { PQcmdStatus(handle).map { String(cString: $0) } ?? "" }

    /// Rows inserted, updated, deleted or returned; 0 for other commands.
    public var affectedRows: Int { PQcmdTuples(handle).flatMap { Int(String(cString: $0)) } ?? 0 }

    /// Nil for NULL.
    public func text(_ row: Int, _ column: Int) -> String? {
        withBytes(row, column) { String(decoding: $0, as: UTF8.self) }
    }

    public func int64(_ row: Int, _ column: Int) -> Int64? { text(row, column).flatMap { Int64($0) } }

    /// The bytes of the text form, valid inside `body`; nil for NULL.
    public func withBytes<R>(_ row: Int, _ column: Int, _ body: (UnsafeRawBufferPointer) -> R) -> R? {
        let (row, column) = (Int32(row), Int32(column))
        guard PQgetisnull(handle, row, column) == 0 else { return nil }
        return body(
            UnsafeRawBufferPointer(start: PQgetvalue(handle, row, column), count: Int(PQgetlength(handle, row, column)))
        )
    }
}

/// What became of one statement of a pipeline.
public enum PostgresOutcome {
    case done(PostgresResult)
    case failed(PostgresError)
    /// An earlier one failed: this one was not looked at.
    case skipped
}
#endif
