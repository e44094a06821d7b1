// SPDX-License-Identifier: MIT
import JSON
import TransactionModel

/// Steps that change or delete records which exist.
extension StepBuilder {
    mutating func writeChange(_ row: Int, of draft: StepDraft, _ index: Int) throws(ValidationFault) {
        guard let table = draft.table, let id = draft.rows[row].id else {
            preconditionFailure("a draft checked that there is a schema and an id")
        }
        writer.name("id")
        let start = writer.bytes.count
        try writeID(id, table, draft.rows[row].place.part("id"))
        let end = writer.bytes.count
        noteReferences(inID: id, of: table, row)
        if let data = draft.rows[row].data, draft.operation != .delete {
            writer.name("data")
            writer.beginObject()
            for (name, value) in data.members {
                let place = draft.dataPlace(draft.rows[row]).named(name)
                let index = try self.column(name, of: table, place)
                guard table.keyPosition(ofColumn: index) == nil else {
                    throw ValidationFault(
                        place, "is part of the primary key, which can't change; delete and create instead")
                }
                writer.name(name)
                if draft.operation == .increment {
                    try writeDelta(value, to: table.columns[index], place)
                } else {
                    try write(value, to: table.columns[index], of: table, place)
                    noteReference(value, table.columns[index].name, row)
                }
            }
            writer.endObject()
        }
        finishChange(start..<end, row, of: draft, index)
    }

    private mutating func writeDelta(
        _ value: JSONView, to column: Column, _ place: Place
    ) throws(ValidationFault) {
        switch column.type {
        case .integer, .real, .number, .decimal, .any: break
        default: throw ValidationFault(place, "is no column of numbers")
        }
        guard !value.isNull, value.kind == .number, column.type.write(value, into: &writer) else {
            throw ValidationFault(place, "must be \(column.type == .any ? "a number" : column.type.expectation)")
        }
    }

    private mutating func writeID(_ id: JSONView, _ table: Table, _ place: Place) throws(ValidationFault) {
        let keys = table.keyColumns
        if keys.count <= 1, let reference = Reference(id) {
            writer.value(try resolve(reference, place))
            return
        }
        guard keys.count > 1 else {
            guard id.kind == .string || id.kind == .number || id.kind == .bool else {
                throw ValidationFault(place, "must be a string, an integer or a boolean")
            }
            try write(id, to: keys[0], of: table, place)
            return
        }
        guard id.kind == .object, Reference(id) == nil else {
            let columns = table.primaryKey.joined(separator: ", ")
            throw ValidationFault(place, "must be an object with the columns \(columns); each may be a reference")
        }
        for (name, _) in id.members
        where !table.primaryKey.contains(where: { ByteString($0) == ByteString(name.string ?? "") }) {
            throw ValidationFault(place.named(name), "is no column of the primary key")
        }
        writer.beginObject()
        for column in keys {
            guard
                let (name, value) = id.members.first(where: {
                    ByteString($0.name.string ?? "") == ByteString(column.name)
                }),
                !value.isNull
            else {
                throw ValidationFault("\(place.text).\(column.name)", "is missing")
            }
            writer.name(column.name)
            try write(value, to: column, of: table, place.named(name))
        }
        writer.endObject()
    }
}
