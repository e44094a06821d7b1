// SPDX-License-Identifier: MIT
import JSON
import TransactionModel

/// A column of a row whose value came from another step of the transaction; one of the key stands for the id.
struct TakenColumn {
    var row: Int
    var column: String
    /// Text of the ``Reference``.
    var reference: String
}

/// What a stored step remembers of its references: the values stand in it resolved, and follow when an operator changes
/// the step that they came from.
extension StepBuilder {
    mutating func noteReference(_ value: JSONView, _ column: String, _ row: Int) {
        guard value.kind == .object, let reference = Reference(value), reference.transactionID == nil,
            let index = names[reference.step], drafts[index].operation != .query
        else { return }
        taken.append(TakenColumn(row: row, column: column, reference: reference.text))
    }

    mutating func noteReferences(inID id: JSONView, of table: Table, _ row: Int) {
        guard id.kind == .object else { return }
        guard Reference(id) == nil else {
            if table.primaryKey.count == 1 { noteReference(id, table.primaryKey[0], row) }
            return
        }
        for (name, value) in id.members { noteReference(value, name.string ?? "", row) }
    }

    /// Also when there is none, so that what an earlier version stored can be told apart.
    mutating func writeReferences(of draft: StepDraft) {
        writer.name("refs")
        guard draft.operation.isBulk else {
            write(taken[...])
            return
        }
        writer.beginArray()
        var rest = taken[...]
        for row in 0..<(taken.last.map { $0.row + 1 } ?? 0) {
            let columns = rest.prefix { $0.row == row }
            write(columns)
            rest = rest.dropFirst(columns.count)
        }
        writer.endArray()
    }

    private mutating func write(_ columns: ArraySlice<TakenColumn>) {
        writer.beginObject()
        for column in columns {
            writer.name(column.column)
            writer.string(column.reference)
        }
        writer.endObject()
    }
}
