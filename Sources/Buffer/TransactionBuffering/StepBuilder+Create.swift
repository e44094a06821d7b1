// SPDX-License-Identifier: MIT
import JSON
import TransactionModel

/// Steps that make records: values, defaults, keys.
extension StepBuilder {
    mutating func writeCreate(_ row: Int, of draft: StepDraft, _ index: Int) throws(ValidationFault) {
        guard let data = draft.rows[row].data else { preconditionFailure("a draft checked that there is data") }
        let place = draft.dataPlace(draft.rows[row])
        guard let table = draft.table else {
            try writeWithoutSchema(data, row, of: draft, index, place)
            return
        }
        var given = ColumnSet()
        var key = KeyTexts(table)
        writer.name("data")
        writer.beginObject()
        for (name, value) in data.members {
            let place = place.named(name)
            let column = try self.column(name, of: table, place)
            if let position = table.keyPosition(ofColumn: column) {
                // A null key is a key left out: the reference drivers send it so.
                if value.isNull { continue }
                if table.refusesKey, position == 0 {
                    throw ValidationFault(
                        place, "is always assigned by the database: leave it out, and refer to it by the step's id")
                }
            }
            given.insert(column)
            writer.name(name)
            let start = writer.bytes.count
            try write(value, to: table.columns[column], of: table, place)
            noteReference(value, table.columns[column].name, row)
            key.take(column, start..<writer.bytes.count)
        }
        // Defaults of an upsert stand apart: they must not overwrite a record that is there.
        let standApart = draft.operation == .upsert
        if standApart { writer.endObject() }
        var isDefaultsOpen = false
        var filledIn: [String] = []
        for column in table.columns.indices where !given.contains(column) {
            guard let value = try missingValue(table, column, row, draft, place) else { continue }
            if standApart, !isDefaultsOpen {
                writer.name("defaults")
                writer.beginObject()
                isDefaultsOpen = true
            }
            writer.name(table.columns[column].name)
            if !standApart, table.keyPosition(ofColumn: column) == nil { filledIn.append(table.columns[column].name) }
            let start = writer.bytes.count
            writer.value(value)
            key.take(column, start..<writer.bytes.count)
        }
        if isDefaultsOpen || !standApart { writer.endObject() }

        let id = draft.conflict.isEmpty ? key.writeID(to: &writer) : nil
        if !filledIn.isEmpty { write(names: filledIn, "filled_in") }
        finishCreate(id, row, of: draft, index)
    }

    /// What a create writes into a column that the client left out; nil: nothing.
    private func missingValue(
        _ table: Table, _ column: Int, _ row: Int, _ draft: StepDraft, _ place: Place
    ) throws(ValidationFault) -> JSONValue? {
        let description = table.columns[column]
        if description.isGenerated { return nil }
        let isKey = table.keyPosition(ofColumn: column) != nil
        switch description.defaultValue {
        case .constant(let value): return value
        case .now: return description.type.now(now)
        case .volatile where !isKey: return nil
        case .volatile, .none: break
        }
        if isKey {
            if table.assignsKey { return nil }
            if table.primaryKey.count == 1,
                description.type == .uuid || description.type == .text || description.type == .any
            {
                return .string(UUIDText.version8(transaction: transactionID, step: draft.id, row: row))
            }
            throw ValidationFault("\(place.text).\(description.name)", "is part of the primary key and must be given")
        }
        if !description.isNullable && !table.hasTriggers {
            throw ValidationFault(
                "\(place.text).\(description.name)", "must be given: the column has no default and can't be null")
        }
        return nil
    }

    private mutating func writeWithoutSchema(
        _ data: JSONView, _ row: Int, of draft: StepDraft, _ index: Int, _ place: Place
    ) throws(ValidationFault) {
        guard let id = data["id"], id.string != nil || id.int64 != nil else {
            throw ValidationFault(
                "\(place.text).id", "must be given as long as the schema of the main database was never seen",
                maySchemaBeStale: true)
        }
        writer.name("id")
        let start = writer.bytes.count
        writer.raw(id)
        let end = writer.bytes.count
        writer.name("data")
        writer.beginObject()
        for (name, value) in data.members {
            writer.name(name)
            if let reference = Reference(value) {
                writer.value(try resolve(reference, place.named(name)))
                noteReference(value, name.string ?? "", row)
            } else {
                writer.raw(value)
            }
        }
        writer.endObject()
        finishCreate(start..<end, row, of: draft, index)
    }
}

/// Where the values of a record's key columns stand in a writer's bytes.
private struct KeyTexts {
    private let table: Table
    private var first: Range<Int>?
    /// Of the other columns of a composite key, by position.
    private var others: [Int: Range<Int>] = [:]

    init(_ table: Table) { self.table = table }

    mutating func take(_ column: Int, _ text: Range<Int>) {
        guard let position = table.keyPosition(ofColumn: column) else { return }
        if position == 0 { first = text } else { others[position] = text }
    }

    /// Writes the member `id`, unless a part is missing because the database assigns it. Says where it stands.
    func writeID(to writer: inout JSONWriter) -> Range<Int>? {
        guard let first, others.count == table.primaryKey.count - 1 else { return nil }
        writer.name("id")
        let start = writer.bytes.count
        if others.isEmpty {
            writer.raw(at: first)
        } else {
            writer.beginObject()
            for (position, name) in table.primaryKey.enumerated() {
                writer.name(name)
                writer.raw(at: others[position] ?? first)
            }
            writer.endObject()
        }
        return start..<writer.bytes.count
    }
}
