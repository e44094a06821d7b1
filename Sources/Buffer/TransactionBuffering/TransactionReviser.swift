// SPDX-License-Identifier: MIT
import JSON
import Keyspace
import TransactionModel

/// Puts an operator's new data into the steps of a dead transaction. What a step's data does not mention stays.
///
/// The content hash stays too: a client that repeats the transaction it sent still gets its receipt. References to the
/// changed step were resolved at accept and keep their values.
struct TransactionReviser {
    /// Members of a status record that are not part of the stored transaction.
    private static let mutable: Set<String> = [
        "sequence", "status", "attempts", "next_attempt_at", "last_error", "position", "held_by", "created_at",
        "processing_at", "committed_at", "replicated_at", "dead_at",
    ]

    let schema: Schema?

    func revise(
        _ transaction: StoredTransaction, _ changes: [DeadLetters.Change]
    ) throws(ValidationFault) -> Advance.Revision {
        guard case .object(var root) = transaction.root.value(), case .array(var steps)? = root["steps"] else {
            preconditionFailure("a stored transaction is an object with steps")
        }
        for change in changes {
            guard let index = transaction.steps.firstIndex(where: { $0.id == change.step }) else {
                throw ValidationFault("\(change.path).step_id", "names no step of the transaction")
            }
            let step = transaction.steps[index]
            guard !step.operation.isBulk, step.operation != .query, step.operation != .delete,
                let table = schema?[step.model]
            else {
                throw ValidationFault("\(change.path).step_id", "names a step whose data can't be changed")
            }
            guard case .object(var stored) = steps[index], case .object(var data)? = stored["data"] else {
                preconditionFailure("a stored step is an object with data")
            }
            guard change.data.kind == .object else { throw ValidationFault("\(change.path).data", "must be an object") }
            for (name, value) in change.data.members {
                let path = "\(change.path).data.\(name.string ?? "")"
                guard let column = table.index(of: name).map({ table.columns[$0] }), !column.isGenerated else {
                    throw ValidationFault(
                        path, "names no column of \(table.name) that can be written", maySchemaBeStale: true)
                }
                let isKey = table.primaryKey.contains(column.name)
                guard !isKey || step.operation == .create && table.primaryKey.count == 1 else {
                    throw ValidationFault(path, "is part of the primary key, which can't change here")
                }
                guard !value.isNull || column.isNullable && !isKey else { throw ValidationFault(path, "can't be null") }
                guard let canonical = column.type.canonical(value.value()) else {
                    throw ValidationFault(path, "must be \(column.type.expectation)")
                }
                data[column.name] = canonical
                if isKey { stored["id"] = canonical }
            }
            stored["data"] = .object(data)
            steps[index] = .object(stored)
        }
        root["steps"] = .array(steps)
        return revision(of: transaction, root)
    }

    private func revision(of transaction: StoredTransaction, _ root: JSONObject) -> Advance.Revision {
        var writer = JSONWriter(capacity: transaction.root.rawRange.count + 256)
        writer.beginObject()
        for (name, value) in root where !Self.mutable.contains(name) {
            writer.name(name)
            writer.value(value)
        }
        writer.endObject()
        guard let revised = StoredTransaction(payload: writer.bytes) else {
            preconditionFailure("a revised transaction has the form of a stored one")
        }
        return Advance.Revision(payload: writer.bytes, previous: transaction.records, changes: revised.changes)
    }
}
