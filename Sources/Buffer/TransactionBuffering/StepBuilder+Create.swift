// SPDX-License-Identifier: MIT
import JSON
import TransactionModel

/// Steps that make records: values, defaults, keys.
extension StepBuilder {
    mutating func writeCreate(
        _ row: Int, of draft: StepDraft, _ index: Int, _ writer: inout JSONWriter
    ) throws(ValidationFault) {
        guard let data = draft.rows[row].data else { preconditionFailure("a draft checked that there is data") }
        let place = draft.dataPlace(draft.rows[row])
        guard let table = draft.table else {
            try writeWithoutSchema(data, row, of: draft, index, place, &writer)
            return
        }
        var given = [Bool](repeating: false, count: table.columns.count)
        var key = KeyCollector(table)
        var columns = JSONWriter(capacity: data.rawRange.count + 128)
        columns.beginObject()
        for (name, value) in data.members {
            let place = place.named(name)
            let column = try self.column(name, of: table, place)
            // A null key is a key left out: the reference drivers send it so.
            if value.isNull, table.primaryKey.contains(table.columns[column].name) { continue }
            if table.refusesKey, table.columns[column].name == table.primaryKey.first {
                throw ValidationFault(
                    place, "is always assigned by the database: leave it out, and refer to it by the step's id")
            }
            given[column] = true
            columns.name(table.columns[column].name)
            let start = columns.bytes.count
            try write(value, to: table.columns[column], place, &columns)
            noteReference(value, table.columns[column].name, row)
            key.take(column, columns.bytes[start...])
        }
        // Defaults of an upsert stand apart: they must not overwrite a record that is there.
        let isUpsert = draft.operation == .upsert
        var defaults: JSONWriter?
        for (column, isGiven) in given.enumerated() where !isGiven {
            guard let value = try missingValue(table, column, row, draft, place) else { continue }
            var text = JSONWriter(capacity: 48)
            text.value(value)
            key.take(column, text.bytes[...])
            if isUpsert {
                if defaults == nil {
                    defaults = JSONWriter(capacity: 128)
                    defaults?.beginObject()
                }
                defaults?.name(table.columns[column].name)
                defaults?.raw(text.bytes)
            } else {
                columns.name(table.columns[column].name)
                columns.raw(text.bytes)
            }
        }
        columns.endObject()

        let id = draft.conflict.isEmpty ? key.idText : nil
        if let id {
            writer.name("id")
            writer.raw(id)
        }
        writer.name("data")
        writer.raw(columns.bytes)
        if var defaults {
            defaults.endObject()
            writer.name("defaults")
            writer.raw(defaults.bytes)
        }
        finish(id, row, of: draft, index)
    }

    /// What a create writes into a column that the client left out; nil: nothing.
    private func missingValue(
        _ table: Table, _ column: Int, _ row: Int, _ draft: StepDraft, _ place: Place
    ) throws(ValidationFault) -> JSONValue? {
        let description = table.columns[column]
        if description.isGenerated { return nil }
        let isKey = table.primaryKey.contains(description.name)
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
        _ data: JSONView, _ row: Int, of draft: StepDraft, _ index: Int, _ place: Place, _ writer: inout JSONWriter
    ) throws(ValidationFault) {
        guard let id = data["id"], id.string != nil || id.int64 != nil else {
            throw ValidationFault(
                "\(place.text).id", "must be given as long as the schema of the main database was never seen",
                maySchemaBeStale: true)
        }
        writer.name("id")
        writer.raw(id)
        writer.name("data")
        writer.beginObject()
        for (name, value) in data.members {
            writer.name(name.string ?? "")
            if let reference = Reference(value) {
                writer.value(try resolve(reference, place.named(name)))
                noteReference(value, name.string ?? "", row)
            } else {
                writer.raw(value)
            }
        }
        writer.endObject()
        finish(Array(id.rawBytes), row, of: draft, index)
    }
}

/// Puts together a record's id from the values of its key columns as they come by.
private struct KeyCollector {
    private let table: Table
    private var texts: [ArraySlice<UInt8>?]

    init(_ table: Table) {
        self.table = table
        texts = Array(repeating: nil, count: table.primaryKey.count)
    }

    mutating func take(_ column: Int, _ text: ArraySlice<UInt8>) {
        let name = table.columns[column].name
        guard let position = table.primaryKey.firstIndex(of: name) else { return }
        texts[position] = text
    }

    /// The id as JSON; nil when a part is missing because the database assigns it.
    var idText: [UInt8]? {
        if texts.count == 1 { return texts[0].map(Array.init) }
        var writer = JSONWriter(capacity: 64)
        writer.beginObject()
        for (name, text) in zip(table.primaryKey, texts) {
            guard let text else { return nil }
            writer.name(name)
            writer.raw(text)
        }
        writer.endObject()
        return writer.bytes
    }
}
