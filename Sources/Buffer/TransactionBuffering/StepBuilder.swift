// SPDX-License-Identifier: MIT
import JSON
import TransactionModel

/// Writes drafts as stored steps, one after the other in an order in which references can be resolved.
struct StepBuilder {
    let transactionID: TransactionID
    let drafts: [StepDraft]
    let indexes: [ByteString: Int]
    let now: Timestamp
    let known: [ByteString: JSONValue]
    /// The record of each row of each step that was built.
    private(set) var records: [[RecordKey]]
    /// The created ids of each step that was built.
    private var created: [[JSONValue]]
    private var texts: [Int: JSONDocument] = [:]
    /// Steps to which others refer.
    private let referenced: Set<Int>

    init(
        transactionID: TransactionID, drafts: [StepDraft], indexes: [ByteString: Int], now: Timestamp,
        known: [ByteString: JSONValue]
    ) {
        self.transactionID = transactionID
        self.drafts = drafts
        self.indexes = indexes
        self.now = now
        self.known = known
        records = Array(repeating: [], count: drafts.count)
        created = Array(repeating: [], count: drafts.count)
        referenced = Set(drafts.flatMap { $0.dependencyPaths.compactMap { indexes[ByteString($0.step)] } })
    }

    /// The stored form of a step.
    mutating func build(_ index: Int) throws(ValidationFault) -> [UInt8] {
        let draft = drafts[index]
        var writer = JSONWriter(capacity: 256)
        writer.beginObject()
        writer.member("step_id", draft.id)
        writer.member("operation", draft.operation.rawValue)
        writer.member("model", draft.model)
        switch draft.operation {
        case .query: try writeQuery(draft, &writer)
        case .bulkCreate, .bulkUpdate:
            writer.name("rows")
            writer.beginArray()
            for row in draft.rows.indices {
                writer.beginObject()
                try write(row, of: draft, index, &writer)
                writer.endObject()
            }
            writer.endArray()
        case .create, .update, .delete, .upsert, .increment:
            try write(0, of: draft, index, &writer)
        }
        if !draft.conflict.isEmpty { write(names: draft.conflict, "conflict", &writer) }
        var dependencies: [String] = []
        for (step, _) in draft.dependencyPaths where !dependencies.contains(step) { dependencies.append(step) }
        if !dependencies.isEmpty { write(names: dependencies, "depends_on", &writer) }
        writer.endObject()
        if referenced.contains(index) {
            guard let document = try? JSONDocument(parsing: writer.bytes) else {
                preconditionFailure("a stored step is JSON that this program wrote")
            }
            texts[index] = document
        }
        return writer.bytes
    }

    /// JSON object: step id -> created id, or array of ids for a bulk step.
    func generatedIDs() -> [UInt8] {
        var writer = JSONWriter(capacity: 64 * drafts.count + 2)
        writer.beginObject()
        for (index, draft) in drafts.enumerated() {
            switch draft.operation {
            case .create, .upsert:
                guard let id = created[index].first else { continue }
                writer.name(draft.id)
                writer.value(id)
            case .bulkCreate:
                writer.name(draft.id)
                writer.value(.array(created[index]))
            case .update, .delete, .increment, .bulkUpdate, .query: continue
            }
        }
        writer.endObject()
        return writer.bytes
    }

    private func write(names: [String], _ member: StaticString, _ writer: inout JSONWriter) {
        writer.name(member)
        writer.beginArray()
        for name in names { writer.string(name) }
        writer.endArray()
    }

    private func writeQuery(_ draft: StepDraft, _ writer: inout JSONWriter) throws(ValidationFault) {
        guard let condition = draft.condition, let table = draft.table else { return }
        do {
            _ = try Condition(condition, table: table, path: "\(draft.path).where")
        } catch {
            throw ValidationFault(error)
        }
        writer.name("where")
        writer.raw(condition)
        if draft.isOptional { writer.member("optional", true) }
    }

    private mutating func write(
        _ row: Int, of draft: StepDraft, _ index: Int, _ writer: inout JSONWriter
    ) throws(ValidationFault) {
        switch draft.operation {
        case .create, .bulkCreate, .upsert: try writeCreate(row, of: draft, index, &writer)
        case .update, .increment, .bulkUpdate, .delete: try writeChange(row, of: draft, index, &writer)
        case .query: preconditionFailure("a query step has no rows")
        }
    }

    // MARK: Create and upsert

    private mutating func writeCreate(
        _ row: Int, of draft: StepDraft, _ index: Int, _ writer: inout JSONWriter
    ) throws(ValidationFault) {
        guard let data = draft.rows[row].data else { preconditionFailure("a draft checked that there is data") }
        let path = draft.dataPath(draft.rows[row])
        guard let table = draft.table else {
            try writeWithoutSchema(data, row, of: draft, index, path, &writer)
            return
        }
        var given = [Bool](repeating: false, count: table.columns.count)
        var key = KeyCollector(table)
        var columns = JSONWriter(capacity: data.rawRange.count + 128)
        columns.beginObject()
        for (name, value) in data.members {
            let path = "\(path).\(name.string ?? "")"
            let column = try self.column(name, of: table, path)
            // A null key is a key left out: the reference drivers send it so.
            if value.isNull, table.primaryKey.contains(table.columns[column].name) { continue }
            given[column] = true
            columns.name(table.columns[column].name)
            let start = columns.bytes.count
            try write(value, to: table.columns[column], path, &columns)
            key.take(column, columns.bytes[start...])
        }
        // Defaults of an upsert stand apart: they must not overwrite a record that is there.
        let isUpsert = draft.operation == .upsert
        var defaults = JSONWriter(capacity: 128)
        defaults.beginObject()
        var hasDefaults = false
        for (column, isGiven) in given.enumerated() where !isGiven {
            guard let value = try missingValue(table, column, row, draft, path) else { continue }
            hasDefaults = true
            var text = JSONWriter(capacity: 48)
            text.value(value)
            key.take(column, text.bytes[...])
            if isUpsert {
                defaults.name(table.columns[column].name)
                defaults.raw(text.bytes)
            } else {
                columns.name(table.columns[column].name)
                columns.raw(text.bytes)
            }
        }
        columns.endObject()
        defaults.endObject()

        let id = draft.conflict.isEmpty ? key.idText : nil
        if let id {
            writer.name("id")
            writer.raw(id)
        }
        writer.name("data")
        writer.raw(columns.bytes)
        if isUpsert && hasDefaults {
            writer.name("defaults")
            writer.raw(defaults.bytes)
        }
        finish(id, row, of: draft, index)
    }

    /// What a create writes into a column that the client left out; nil: nothing.
    private func missingValue(
        _ table: Table, _ column: Int, _ row: Int, _ draft: StepDraft, _ path: String
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
            throw ValidationFault("\(path).\(description.name)", "is part of the primary key and must be given")
        }
        if !description.isNullable && !table.hasTriggers {
            throw ValidationFault(
                "\(path).\(description.name)", "must be given: the column has no default and can't be null")
        }
        return nil
    }

    private mutating func writeWithoutSchema(
        _ data: JSONView, _ row: Int, of draft: StepDraft, _ index: Int, _ path: String, _ writer: inout JSONWriter
    ) throws(ValidationFault) {
        guard let id = data["id"], id.string != nil || id.int64 != nil else {
            throw ValidationFault(
                "\(path).id", "must be given as long as the schema of the main database was never seen",
                maySchemaBeStale: true)
        }
        writer.name("id")
        writer.raw(id)
        writer.name("data")
        writer.beginObject()
        for (name, value) in data.members {
            writer.name(name.string ?? "")
            if let reference = Reference(value) {
                writer.value(try resolve(reference, "\(path).\(reference.column)"))
            } else {
                writer.raw(value)
            }
        }
        writer.endObject()
        finish(Array(id.rawBytes), row, of: draft, index)
    }

    // MARK: Update, increment, delete

    private mutating func writeChange(
        _ row: Int, of draft: StepDraft, _ index: Int, _ writer: inout JSONWriter
    ) throws(ValidationFault) {
        guard let table = draft.table, let id = draft.rows[row].id else {
            preconditionFailure("a draft checked that there is a schema and an id")
        }
        let idText = try self.idText(id, table, "\(draft.rows[row].path).id")
        writer.name("id")
        writer.raw(idText)
        if let data = draft.rows[row].data, draft.operation != .delete {
            writer.name("data")
            writer.beginObject()
            for (name, value) in data.members {
                let path = "\(draft.dataPath(draft.rows[row])).\(name.string ?? "")"
                let column = table.columns[try self.column(name, of: table, path)]
                guard !table.primaryKey.contains(column.name) else {
                    throw ValidationFault(
                        path, "is part of the primary key, which can't change; delete and create instead")
                }
                writer.name(column.name)
                if draft.operation == .increment {
                    try writeDelta(value, to: column, path, &writer)
                } else {
                    try write(value, to: column, path, &writer)
                }
            }
            writer.endObject()
        }
        records[index].append(recordKey(idText, of: draft.model))
    }

    private func writeDelta(
        _ value: JSONView, to column: Column, _ path: String, _ writer: inout JSONWriter
    ) throws(ValidationFault) {
        switch column.type {
        case .integer, .real, .number, .decimal, .any: break
        default: throw ValidationFault(path, "is no column of numbers")
        }
        guard !value.isNull, value.kind == .number, column.type.write(value, into: &writer) else {
            throw ValidationFault(path, "must be \(column.type == .any ? "a number" : column.type.expectation)")
        }
    }

    private func idText(_ id: JSONView, _ table: Table, _ path: String) throws(ValidationFault) -> [UInt8] {
        var writer = JSONWriter(capacity: 64)
        if let reference = Reference(id) {
            writer.value(try resolve(reference, path))
            return writer.bytes
        }
        let keys = table.keyColumns
        guard keys.count > 1 else {
            guard id.kind == .string || id.kind == .number else {
                throw ValidationFault(path, "must be a string or an integer")
            }
            try write(id, to: keys[0], path, &writer)
            return writer.bytes
        }
        guard id.kind == .object else {
            throw ValidationFault(
                path, "must be an object with the columns \(table.primaryKey.joined(separator: ", "))")
        }
        for (name, _) in id.members
        where !table.primaryKey.contains(where: { ByteString($0) == ByteString(name.string ?? "") }) {
            throw ValidationFault("\(path).\(name.string ?? "")", "is no column of the primary key")
        }
        writer.beginObject()
        for column in keys {
            guard let value = id.member(column.name), !value.isNull else {
                throw ValidationFault("\(path).\(column.name)", "is missing")
            }
            writer.name(column.name)
            try write(value, to: column, "\(path).\(column.name)", &writer)
        }
        writer.endObject()
        return writer.bytes
    }

    // MARK: Values

    private func column(_ name: JSONView, of table: Table, _ path: String) throws(ValidationFault) -> Int {
        guard let column = table.index(of: name) else {
            throw ValidationFault(path, "names no column of \(table.name)", maySchemaBeStale: true)
        }
        guard !table.columns[column].isGenerated else {
            throw ValidationFault(path, "is computed by the database and can't be written")
        }
        return column
    }

    private func write(
        _ value: JSONView, to column: Column, _ path: String, _ writer: inout JSONWriter
    ) throws(ValidationFault) {
        if value.kind == .object, let reference = Reference(value) {
            let resolved = try resolve(reference, path)
            if case .object(let object) = resolved, object["$ref"] != nil {
                writer.value(resolved)
                return
            }
            guard let canonical = column.type.canonical(resolved) else {
                throw ValidationFault(path, "refers to a value that is not \(column.type.expectation)")
            }
            writer.value(canonical)
            return
        }
        if value.isNull && !column.isNullable { throw ValidationFault(path, "can't be null") }
        guard column.type.write(value, into: &writer) else {
            throw ValidationFault(path, "must be \(column.type.expectation)")
        }
    }

    /// The value a reference stands for; a `$ref` object where it is known only when the transaction runs.
    private func resolve(_ reference: Reference, _ path: String) throws(ValidationFault) -> JSONValue {
        if reference.transactionID != nil {
            guard reference.column == "id" else {
                throw ValidationFault(path, "can refer only to the id of another transaction's step")
            }
            return known[ByteString(reference.text)] ?? ["$ref": .string(reference.text)]
        }
        guard let index = indexes[ByteString(reference.step)], let document = texts[index] else {
            throw ValidationFault(path, "names no step of this transaction")
        }
        let draft = drafts[index]
        if draft.operation == .query {
            guard reference.row == nil else { throw ValidationFault(path, "can't name a row of a query") }
            guard reference.column == "id" || draft.table?.index(of: reference.column) != nil else {
                throw ValidationFault(path, "names no column of \(draft.model)", maySchemaBeStale: true)
            }
            return ["$ref": .string(reference.text)]
        }
        guard draft.operation.isBulk == (reference.row != nil) else {
            throw ValidationFault(
                path, draft.operation.isBulk ? "must name a row, as in step[0].column" : "must not name a row")
        }
        let stored = document.root
        let row: JSONView
        if let number = reference.row {
            guard let rows = stored["rows"], let found = rows.elements.dropFirst(number).first(where: { _ in true })
            else {
                throw ValidationFault(path, "names no row of the step")
            }
            row = found
        } else {
            row = stored
        }
        let keys = draft.table?.primaryKey ?? ["id"]
        if reference.column == "id" || keys == [reference.column] {
            guard keys.count == 1 else { throw ValidationFault(path, "must name a column of the composite key") }
            if let id = row["id"] { return id.value() }
            return ["$ref": .string(Reference.text(transaction: transactionID, step: draft.id, row: reference.row))]
        }
        if let value = row["data"]?.member(reference.column) ?? row["defaults"]?.member(reference.column) {
            return value.value()
        }
        throw ValidationFault(path, "refers to a column that the step does not write")
    }

    // MARK: Records

    private mutating func finish(_ id: [UInt8]?, _ row: Int, of draft: StepDraft, _ index: Int) {
        if let id {
            records[index].append(recordKey(id, of: draft.model))
            created[index].append((try? JSONValue(parsing: id)) ?? .null)
            return
        }
        let number = draft.operation.isBulk ? row : nil
        records[index].append(
            draft.operation == .upsert
                ? .anyRecord(of: draft.model)
                : .assigned(model: draft.model, transaction: transactionID, step: draft.id, row: number))
        created[index].append(
            ["$ref": .string(Reference.text(transaction: transactionID, step: draft.id, row: number))])
    }

    private func recordKey(_ id: [UInt8], of model: String) -> RecordKey {
        guard let view = try? JSONDocument(parsing: id).root else { return .anyRecord(of: model) }
        if let reference = Reference(view), !reference.namesAssignedID { return .anyRecord(of: model) }
        return RecordKey(model: model, id: view) ?? .anyRecord(of: model)
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
