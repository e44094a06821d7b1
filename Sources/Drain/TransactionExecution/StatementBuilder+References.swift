// SPDX-License-Identifier: MIT
import JSON
import MainDatabase
import TransactionModel

extension StatementBuilder {
    /// A value as it stands in the payload, or what a `$ref` stands for.
    func parameter(_ view: JSONView, _ type: ColumnType) throws(DatabaseError) -> Statement.Parameter {
        try parameter(view, type, hopsLeft: transaction.steps.count)
    }

    private func parameter(
        _ view: JSONView, _ type: ColumnType, hopsLeft: Int
    ) throws(DatabaseError) -> Statement.Parameter {
        guard let reference = Reference(view) else { return .value(view, type) }
        if let other = reference.transactionID, other != transaction.transactionID {
            return .assigned(other, step: reference.step, row: reference.row, type)
        }
        guard hopsLeft > 0, let step = transaction.steps.firstIndex(where: { $0.id == reference.step }) else {
            throw Self.unresolved
        }
        return try resolve(reference, step: step, type, hopsLeft: hopsLeft - 1)
    }

    /// To a column of a record that an earlier step found or wrote.
    private func resolve(
        _ reference: Reference, step index: Int, _ type: ColumnType, hopsLeft: Int
    ) throws(DatabaseError) -> Statement.Parameter {
        let step = transaction.steps[index]
        guard let table = schema[step.model] else { throw Self.unknownName("The table does not exist.") }
        let key = table.primaryKey.count == 1 ? table.primaryKey.first : nil
        let name = reference.column == "id" ? key ?? reference.column : reference.column
        let isKey = key.map { ByteString($0) == ByteString(name) } ?? false
        if step.operation == .query {
            guard let column = table.index(of: name) else { throw Self.unknownName("A column does not exist.") }
            guard let source = statement(step: index, row: 0) else { throw Self.unresolved }
            return .captured(statement: source, column: column, type)
        }
        let row = reference.row ?? 0
        guard step.rows.indices.contains(row) else { throw Self.unresolved }
        if isKey, returnsKey(step: index, row: row) {
            guard let source = statement(step: index, row: row) else { throw Self.unresolved }
            return .captured(statement: source, column: 0, type)
        }
        // A delta is not the value that the column has afterwards.
        let data = step.operation == .increment ? nil : step.rows[row].data
        let written = data?.member(name) ?? step.rows[row].defaults?.member(name)
        guard let value = isKey ? step.rows[row].id ?? written : written else {
            throw Self.unresolved
        }
        return try parameter(value, type, hopsLeft: hopsLeft)
    }

    /// Every created id, when the database assigned at least one of them.
    func assignedIDs() -> AssignedIDs? {
        var steps: [(step: String, isBulk: Bool, ids: [AssignedIDs.Source])] = []
        var isAnyCaptured = false
        for (index, step) in transaction.steps.enumerated() {
            switch step.operation {
            case .create, .bulkCreate, .upsert: break
            case .update, .delete, .increment, .bulkUpdate, .query: continue
            }
            var ids: [AssignedIDs.Source] = []
            for row in step.rows.indices {
                if let source = statement(step: index, row: row), !statements[source].returns.isEmpty {
                    ids.append(.captured(statement: source))
                    isAnyCaptured = true
                } else {
                    ids.append(source(of: step.rows[row].id))
                }
            }
            steps.append((step.id, step.operation.isBulk, ids))
        }
        return isAnyCaptured ? AssignedIDs(steps: steps) : nil
    }

    /// An id that was known at accept, but for columns of a composite one that statements of this transaction return.
    private func source(of id: JSONView?) -> AssignedIDs.Source {
        guard let id else { return .known(.null) }
        guard id.kind == .object, Reference(id) == nil else { return .known(id.value()) }
        var isCaptured = false
        var columns: [(column: String, source: AssignedIDs.Source)] = []
        for (name, value) in id.members {
            if let statement = Reference(value).flatMap(capturedStatement) {
                columns.append((name.string ?? "", .captured(statement: statement)))
                isCaptured = true
            } else {
                columns.append((name.string ?? "", .known(value.value())))
            }
        }
        return isCaptured ? .composite(columns) : .known(id.value())
    }

    /// The statement of this transaction that returns the id which a reference names.
    private func capturedStatement(_ reference: Reference) -> Int? {
        let row = reference.row ?? 0
        guard reference.transactionID == transaction.transactionID,
            let step = transaction.steps.firstIndex(where: { $0.id == reference.step }),
            transaction.steps[step].rows.indices.contains(row), returnsKey(step: step, row: row),
            let statement = statement(step: step, row: row), !statements[statement].returns.isEmpty
        else { return nil }
        return statement
    }

    private static var unresolved: DatabaseError {
        DatabaseError(
            .referenceUnresolved, code: "reference", "A reference names no value that is known when it is needed.")
    }
}
