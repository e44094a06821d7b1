// SPDX-License-Identifier: MIT
public import JSON
public import TransactionModel

/// A transaction as statements, ready to run in order inside a database transaction.
public struct PreparedTransaction: Sendable {
    public var transactionID: TransactionID
    public var contentHash: ContentHash
    public var statements: [Statement]
    /// Nil where every id was known at accept.
    public var assignedIDs: AssignedIDs?

    public init(
        transactionID: TransactionID, contentHash: ContentHash, statements: [Statement], assignedIDs: AssignedIDs? = nil
    ) {
        self.transactionID = transactionID
        self.contentHash = contentHash
        self.statements = statements
        self.assignedIDs = assignedIDs
    }
}

/// One SQL statement of a step's row.
public struct Statement: Sendable {
    /// Text in the adapter's dialect; equal texts for equal shapes, so that it can be prepared once.
    public var sql: String
    public var parameters: [Parameter]
    public var expectation: Expectation
    /// Types of the columns that the statement returns, for whoever captures them.
    public var returns: [ColumnType]
    /// Index of the step in the stored transaction, for the error message.
    public var step: Int

    public init(sql: String, parameters: [Parameter], expectation: Expectation, returns: [ColumnType] = [], step: Int) {
        self.sql = sql
        self.parameters = parameters
        self.expectation = expectation
        self.returns = returns
        self.step = step
    }

    public enum Expectation: Sendable, Equatable {
        /// Any number of rows may be affected.
        case any
        /// No row affected is ``DatabaseError/Kind/recordMissing``.
        case affectsRow
        /// Returns a row to capture; none is ``DatabaseError/Kind/recordMissing``.
        case returnsRow
        /// Returns a row to capture; none captures nulls.
        case mayReturnRow
    }

    public enum Parameter: Sendable {
        /// A canonical value that stands in the payload.
        case value(JSONView, ColumnType)
        case constant(JSONValue, ColumnType)
        /// Column `column` of the row that an earlier statement of the same transaction returned.
        case captured(statement: Int, column: Int, ColumnType)
        /// An id that the database assigned in another transaction, found in the ledger; absent there is
        /// ``DatabaseError/Kind/referenceUnresolved``.
        case assigned(TransactionID, step: String, row: Int?, ColumnType)
    }
}

/// How `generated_ids` is put together when the database assigned some of them.
public struct AssignedIDs: Sendable {
    public var steps: [(step: String, isBulk: Bool, ids: [Source])]

    public indirect enum Source: Sendable {
        case known(JSONValue)
        /// First column that this statement returned.
        case captured(statement: Int)
        /// A composite id that has such columns.
        case composite([(column: String, source: Source)])
    }

    public init(steps: [(step: String, isBulk: Bool, ids: [Source])]) { self.steps = steps }

    /// The JSON object, given what each statement returned.
    public func jsonBytes(captured: (_ statement: Int) -> JSONValue) -> [UInt8] {
        var writer = JSONWriter(capacity: 64 * steps.count + 2)
        writer.beginObject()
        for (step, isBulk, ids) in steps {
            writer.name(step)
            if isBulk { writer.beginArray() }
            for id in ids { Self.write(id, captured, &writer) }
            if isBulk { writer.endArray() }
        }
        writer.endObject()
        return writer.bytes
    }

    private static func write(_ id: Source, _ captured: (_ statement: Int) -> JSONValue, _ writer: inout JSONWriter) {
        switch id {
        case .known(let value): writer.value(value)
        case .captured(let statement): writer.value(captured(statement))
        case .composite(let columns):
            writer.beginObject()
            for (column, source) in columns {
                writer.name(column)
                write(source, captured, &writer)
            }
            writer.endObject()
        }
    }
}
