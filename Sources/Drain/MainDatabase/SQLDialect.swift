// SPDX-License-Identifier: MIT
public import TransactionModel

/// The few points in which the SQL of the databases differs.
public struct SQLDialect: Sendable {
    /// What a column is compared for: the database may need to be told how, for the one or the other.
    public enum Comparison: Sendable { case equality, order }

    /// The placeholder of parameter `number` (from 1) of a type: `?1`, `$1`.
    public var placeholder: @Sendable (_ number: Int, _ type: ColumnType) -> String
    /// Around the name of a column.
    public var quote: Unicode.Scalar
    /// A model as a table in SQL: `"table"`, `"schema"."table"`.
    public var table: @Sendable (_ model: String) -> String
    /// A column, given as SQL, so that the database compares it as ``ColumnType/order(_:_:)`` does.
    public var operand: @Sendable (_ column: String, _ type: ColumnType, _ comparison: Comparison) -> String
    /// Stands before a statement on a table, so that its text is another one when the types of the columns are: for a
    /// database that keeps the types of the parameters as they were when it first saw the text.
    public var mark: @Sendable (_ table: Table) -> String

    public init(
        placeholder: @escaping @Sendable (_ number: Int, _ type: ColumnType) -> String,
        quote: Unicode.Scalar = "\"",
        table: @escaping @Sendable (_ model: String) -> String = { SQLDialect.quoted($0) },
        operand: @escaping @Sendable (_ column: String, _ type: ColumnType, _ comparison: Comparison) -> String = {
            column, _, _ in column
        },
        mark: @escaping @Sendable (_ table: Table) -> String = { _ in "" }
    ) {
        self.placeholder = placeholder
        self.quote = quote
        self.table = table
        self.operand = operand
        self.mark = mark
    }

    /// A column's name in quotes, those in it doubled.
    public func quoted(_ name: String) -> String { Self.quoted(name, quote) }

    /// `"name"`, quotes doubled.
    public static func quoted(_ name: String, _ quote: Unicode.Scalar = "\"") -> String {
        var result = String.UnicodeScalarView([quote])
        for scalar in name.unicodeScalars {
            if scalar == quote { result.append(quote) }
            result.append(scalar)
        }
        result.append(quote)
        return String(result)
    }
}
