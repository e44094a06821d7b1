// SPDX-License-Identifier: MIT
import JSON
import MainDatabase
import TransactionModel

/// Turns one stored transaction into statements: one per row of a step, in the order in which the steps run.
struct StatementBuilder {
    let transaction: StoredTransaction
    let schema: Schema
    let texts: StatementTexts
    let dialect: SQLDialect
    private(set) var statements: [Statement] = []
    /// Index of each step's first statement, once it has one.
    private var firstStatements: [Int?]

    init(_ transaction: StoredTransaction, schema: Schema, texts: StatementTexts, dialect: SQLDialect) {
        self.transaction = transaction
        self.schema = schema
        self.texts = texts
        self.dialect = dialect
        firstStatements = Array(repeating: nil, count: transaction.steps.count)
        statements.reserveCapacity(transaction.steps.count)
    }

    mutating func build(contentHash: ContentHash) throws(DatabaseError) -> PreparedTransaction {
        for index in transaction.executionOrder {
            do throws(DatabaseError) {
                try append(step: index)
            } catch {
                var error = error
                error.step = index
                throw error
            }
        }
        return PreparedTransaction(
            transactionID: transaction.transactionID, contentHash: contentHash, statements: statements,
            assignedIDs: assignedIDs())
    }

    /// Where the statement of a step's row stands; nil: it has not run yet when the next one does.
    func statement(step: Int, row: Int) -> Int? { firstStatements[step].map { $0 + row } }

    /// Whether the row's id is known only from the statement that wrote it.
    func returnsKey(step: Int, row: Int) -> Bool {
        let step = transaction.steps[step]
        let id = step.rows[row].id
        switch step.operation {
        case .create, .bulkCreate: return id.map { Reference($0) != nil } ?? true
        // Which record a conflict in other columns than the key meets, the database knows.
        case .upsert: return id.map { Reference($0) != nil } ?? true || !step.conflict.isEmpty
        case .update, .delete, .increment, .bulkUpdate, .query: return false
        }
    }

    private mutating func append(step index: Int) throws(DatabaseError) {
        let step = transaction.steps[index]
        guard let table = schema[step.model] else { throw Self.unknownName("The table does not exist.") }
        firstStatements[index] = statements.count
        if step.operation == .query {
            statements.append(try query(step, index, table))
            return
        }
        for row in step.rows.indices {
            switch step.operation {
            case .create, .bulkCreate: try insert(step.rows[row], .insert, table, (index, row))
            case .upsert:
                try insert(step.rows[row], .upsert(conflict: try conflict(step, table)), table, (index, row))
            case .update, .bulkUpdate: try change(step.rows[row], .update, table, index)
            case .increment: try change(step.rows[row], .increment, table, index)
            case .delete:
                let key = try keyParameters(step.rows[row].id, table)
                add(StatementShape(verb: .delete), table, key, .any, step: index)
            case .query: preconditionFailure("A query has no rows.")
            }
        }
    }

    private mutating func insert(
        _ row: Step.Row, _ verb: StatementShape.Verb, _ table: Table, _ place: (step: Int, row: Int)
    ) throws(DatabaseError) {
        let returnsKey = returnsKey(step: place.step, row: place.row)
        let isSingleKey = table.primaryKey.count == 1
        if row.id == nil, !isSingleKey, transaction.steps[place.step].conflict.isEmpty {
            throw Self.unknownName("The table has no key that the database could assign.")
        }
        // A default that was filled in goes with its column: whoever dropped that does not want it any more.
        let (columns, parameters) = try assignments(row.data, table) { name in
            row.filledIn?.elements.contains { $0.string.map(name.stringEquals) ?? false } ?? false
        }
        let (defaults, more) = try assignments(row.defaults, table) { _ in true }
        let shape = StatementShape(
            verb: verb, columns: columns, defaults: defaults, returnsKey: returnsKey && isSingleKey)
        add(
            shape, table, parameters + more, shape.returnsKey ? .returnsRow : .any,
            returns: shape.returnsKey ? table.keyColumns.map(\.type) : [], step: place.step)
    }

    private mutating func change(
        _ row: Step.Row, _ verb: StatementShape.Verb, _ table: Table, _ step: Int
    ) throws(DatabaseError) {
        let (columns, values) = try assignments(row.data, table)
        let key = try keyParameters(row.id, table)
        guard !columns.isEmpty else {
            add(StatementShape(verb: .exists), table, key, .returnsRow, returns: [.integer], step: step)
            return
        }
        // The sums come back to be checked against their types: a database may leave the type rather than fail.
        let returns = verb == .increment ? columns.map { table.columns[$0].type } : []
        add(
            StatementShape(verb: verb, columns: columns), table, values + key, .affectsRow, returns: returns, step: step
        )
    }

    private mutating func add(
        _ shape: StatementShape, _ table: Table, _ parameters: [Statement.Parameter],
        _ expectation: Statement.Expectation,
        returns: [ColumnType] = [], step: Int
    ) {
        let sql = texts.sql(shape, of: table)
        statements.append(
            Statement(sql: sql, parameters: parameters, expectation: expectation, returns: returns, step: step))
    }

    /// All columns of the first record by key, so that equal conditions have equal texts whatever is referenced later.
    private func query(_ step: Step, _ index: Int, _ table: Table) throws(DatabaseError) -> Statement {
        var sql =
            dialect.mark(table) + "SELECT \(table.columns.map { dialect.quoted($0.name) }.joined(separator: ", "))"
        sql += " FROM \(dialect.table(table.name))"
        var parameters: [Statement.Parameter] = []
        let order: Ordering
        do throws(ConditionError) {
            order = try Ordering(nil, table: table)
            if let view = step.condition {
                let condition = SQLCondition(try Condition(view, table: table), table: table, dialect: dialect)
                sql += " WHERE " + condition.sql
                parameters = condition.parameters.map { .constant($0.value, $0.type) }
            }
        } catch {
            throw DatabaseError(
                error.isUnknownColumn ? .schemaMismatch : .invalidValue, code: "where",
                "The condition of a query is not valid.")
        }
        if !order.terms.isEmpty { sql += " ORDER BY " + SQLCondition.order(order, table: table, dialect: dialect) }
        return Statement(
            sql: sql + " LIMIT 1", parameters: parameters, expectation: step.isOptional ? .mayReturnRow : .returnsRow,
            returns: table.columns.map(\.type), step: index)
    }

    private func conflict(_ step: Step, _ table: Table) throws(DatabaseError) -> [Int] {
        var columns: [Int] = []
        for name in step.conflict.isEmpty ? table.primaryKey : step.conflict {
            guard let column = table.index(of: name) else { throw Self.unknownName("A column does not exist.") }
            columns.append(column)
        }
        guard !columns.isEmpty else { throw Self.unknownName("The table has no primary key.") }
        return columns
    }

    /// - Parameter mayLack: Whether a column of this name is left out where the table has none.
    private func assignments(
        _ data: JSONView?, _ table: Table, mayLack: (JSONView) -> Bool = { _ in false }
    ) throws(DatabaseError) -> (columns: [Int], values: [Statement.Parameter]) {
        guard let data else { return ([], []) }
        var columns: [Int] = []
        var values: [Statement.Parameter] = []
        columns.reserveCapacity(data.count)
        values.reserveCapacity(data.count)
        for (name, value) in data.members {
            guard let column = table.index(of: name) else {
                if mayLack(name) { continue }
                throw Self.unknownName("A column does not exist.")
            }
            columns.append(column)
            values.append(try parameter(value, table.columns[column].type))
        }
        return (columns, values)
    }

    /// A scalar or a reference for a single column, else an object by column.
    private func keyParameters(_ id: JSONView?, _ table: Table) throws(DatabaseError) -> [Statement.Parameter] {
        let columns = table.keyColumns
        guard let id, !columns.isEmpty else { throw Self.unknownName("The table has no primary key.") }
        if columns.count == 1, id.kind != .object || Reference(id) != nil || id["$bytes"] != nil {
            return [try parameter(id, columns[0].type)]
        }
        var result: [Statement.Parameter] = []
        for column in columns {
            guard let value = id.member(column.name) else {
                throw Self.unknownName("The id lacks a column of the key.")
            }
            result.append(try parameter(value, column.type))
        }
        return result
    }

    static func unknownName(_ message: String) -> DatabaseError {
        DatabaseError(.schemaMismatch, code: "schema", message)
    }
}
