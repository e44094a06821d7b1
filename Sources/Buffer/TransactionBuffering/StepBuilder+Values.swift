// SPDX-License-Identifier: MIT
import JSON
import TransactionModel

/// Values and references.
extension StepBuilder {
    func column(_ name: JSONView, of table: Table, _ place: Place) throws(ValidationFault) -> Int {
        guard let column = table.index(of: name) else {
            throw ValidationFault(place, "names no column of \(table.name)", maySchemaBeStale: true)
        }
        guard !table.columns[column].isGenerated else {
            throw ValidationFault(place, "is computed by the database and can't be written")
        }
        return column
    }

    mutating func write(
        _ value: JSONView, to column: Column, of table: Table, _ place: Place
    ) throws(ValidationFault) {
        if value.kind == .object, let reference = Reference(value) {
            let resolved = try resolve(reference, place)
            if case .object(let object) = resolved, object["$ref"] != nil {
                writer.value(resolved)
                return
            }
            guard let canonical = column.type.canonical(resolved) else {
                throw ValidationFault(place, "refers to a value that is not \(column.type.expectation)")
            }
            writer.value(canonical)
            return
        }
        if value.isNull && !column.isNullable { throw ValidationFault(place, "can't be null") }
        if table.refuses(value) { throw ValidationFault(place, Table.zeroRefusal) }
        guard column.type.write(value, into: &writer) else {
            throw ValidationFault(place, "must be \(column.type.expectation)")
        }
    }

    /// The value a reference stands for; a `$ref` object where it is known only when the transaction runs.
    func resolve(_ reference: Reference, _ place: Place) throws(ValidationFault) -> JSONValue {
        if reference.transactionID != nil {
            guard reference.column == "id" else {
                throw ValidationFault(place, "can refer only to the id of another transaction's step")
            }
            return known[ByteString(reference.text)] ?? ["$ref": .string(reference.text)]
        }
        guard let index = names[reference.step], let document = documents[index] else {
            throw ValidationFault(place, "names no step of this transaction")
        }
        let draft = drafts[index]
        if draft.operation == .query {
            guard reference.row == nil else { throw ValidationFault(place, "can't name a row of a query") }
            guard reference.column == "id" || draft.table?.index(of: reference.column) != nil else {
                throw ValidationFault(place, "names no column of \(draft.model)", maySchemaBeStale: true)
            }
            return ["$ref": .string(reference.text)]
        }
        guard draft.operation.isBulk == (reference.row != nil) else {
            throw ValidationFault(
                place, draft.operation.isBulk ? "must name a row, as in step[0].column" : "must not name a row")
        }
        let stored = document.root
        let row: JSONView
        if let number = reference.row {
            guard let rows = stored["rows"], let found = rows.elements.dropFirst(number).first(where: { _ in true })
            else {
                throw ValidationFault(place, "names no row of the step")
            }
            row = found
        } else {
            row = stored
        }
        let keys = draft.table?.primaryKey ?? ["id"]
        if reference.column == "id" || keys == [reference.column] {
            guard keys.count == 1 else { throw ValidationFault(place, "must name a column of the composite key") }
            if let id = row["id"] { return id.value() }
            return ["$ref": .string(Reference.text(transaction: transactionID, step: draft.id, row: reference.row))]
        }
        if let value = written(reference.column, keys, by: draft, row) { return value.value() }
        throw ValidationFault(place, "refers to a column that the step does not write")
    }

    /// The value that a column has after the step, whatever there was before.
    private func written(_ column: String, _ keys: [String], by draft: StepDraft, _ row: JSONView) -> JSONView? {
        // A delta is not the value that the column has afterwards.
        if draft.operation == .increment { return nil }
        // A record that is there keeps its key, where another column finds it, and what it has instead of defaults.
        if draft.operation == .upsert {
            return draft.conflict.isEmpty || !keys.contains(column) ? row["data"]?.member(column) : nil
        }
        return row["data"]?.member(column) ?? row["defaults"]?.member(column)
    }
}
