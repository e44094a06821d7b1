// SPDX-License-Identifier: MIT
public import JSON
public import TransactionModel

/// A condition and an order as SQL: text and parameters.
public struct SQLCondition: Sendable {
    public private(set) var sql = ""
    public private(set) var parameters: [(value: JSONValue, type: ColumnType)] = []
    private let table: Table
    private let dialect: SQLDialect
    private let firstParameter: Int

    /// `firstParameter`: number of the first placeholder.
    public init(_ condition: Condition, table: Table, dialect: SQLDialect, firstParameter: Int = 1) {
        self.table = table
        self.dialect = dialect
        self.firstParameter = firstParameter
        append(condition)
    }

    /// `"a" ASC NULLS LAST, "b" DESC NULLS FIRST`: NULL is greatest.
    public static func order(_ ordering: Ordering, table: Table, dialect: SQLDialect) -> String {
        ordering.terms.map { term in
            let column = table.columns[term.column]
            let name = dialect.operand(dialect.quoted(column.name), column.type, .order)
            let nulls = column.isNullable ? (term.isDescending ? " NULLS FIRST" : " NULLS LAST") : ""
            return name + (term.isDescending ? " DESC" : "") + nulls
        }.joined(separator: ", ")
    }

    private mutating func append(_ condition: Condition) {
        switch condition {
        case .all(let parts): append(parts, joinedBy: " AND ", empty: "1=1")
        case .any(let parts): append(parts, joinedBy: " OR ", empty: "1=0")
        case .compare(let column, let comparison, let value):
            let use: SQLDialect.Comparison = comparison == .eq || comparison == .ne ? .equality : .order
            sql += operand(column, use) + operatorText(comparison) + placeholder(value, column)
        case .isIn(let column, let values):
            guard !values.isEmpty else {
                // Unknown for a null column, false for any other: never a match either way.
                sql += "1=0"
                return
            }
            sql += operand(column, .equality) + " IN ("
            for (index, value) in values.enumerated() { sql += (index > 0 ? "," : "") + placeholder(value, column) }
            sql += ")"
        case .isNull(let column, let wanted):
            sql += name(column) + (wanted ? " IS NULL" : " IS NOT NULL")
        }
    }

    private mutating func append(_ parts: [Condition], joinedBy separator: String, empty: String) {
        guard !parts.isEmpty else {
            sql += empty
            return
        }
        sql += "("
        for (index, part) in parts.enumerated() {
            if index > 0 { sql += separator }
            append(part)
        }
        sql += ")"
    }

    private func name(_ column: Int) -> String { dialect.quoted(table.columns[column].name) }

    private func operand(_ column: Int, _ use: SQLDialect.Comparison) -> String {
        dialect.operand(name(column), table.columns[column].type, use)
    }

    private mutating func placeholder(_ value: JSONValue, _ column: Int) -> String {
        let type = table.columns[column].type
        parameters.append((value, type))
        return dialect.placeholder(firstParameter + parameters.count - 1, type)
    }

    private func operatorText(_ comparison: Condition.Comparison) -> String {
        switch comparison {
        case .eq: " = "
        case .ne: " <> "
        case .lt: " < "
        case .lte: " <= "
        case .gt: " > "
        case .gte: " >= "
        }
    }
}
