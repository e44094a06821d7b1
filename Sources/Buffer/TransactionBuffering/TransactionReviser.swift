// SPDX-License-Identifier: MIT
import JSON
import Keyspace
import TransactionModel

/// Puts an operator's new data into the steps of a dead transaction. What a step's data does not mention stays.
///
/// Columns and ids of other steps that refer to what changed (`refs` of the stored step) follow, in the order in which
/// steps depend on one another, each in its column's canonical form; and so do `generated_ids`. What other transactions
/// took over stays with them. The content hash stays too: a client that repeats the transaction it sent still gets its
/// receipt, with the ids of the revision.
///
/// Throws with the path of the change: `changes[0].step_id`, or `changes[0].data.name` also where it is the column of
/// another step that can't take the value.
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
        guard case .object(var root) = transaction.root.value(), case .array(let steps)? = root["steps"] else {
            preconditionFailure("a stored transaction is an object with steps")
        }
        guard !changes.isEmpty else { return revision(of: transaction, root, generatedIDs: nil) }
        var revised = RevisedSteps(transaction, steps, schema)
        for change in changes { try revised.take(change) }
        try revised.followReferences()
        root["steps"] = .array(revised.values)
        guard case .object(let ids)? = root["generated_ids"] else {
            return revision(of: transaction, root, generatedIDs: nil)
        }
        let generatedIDs = JSONValue.object(revised.generatedIDs(insteadOf: ids))
        root["generated_ids"] = generatedIDs
        return revision(of: transaction, root, generatedIDs: generatedIDs.bytes)
    }

    /// `generated_ids` is the last member: both a payload and a status record end so, once the mutable ones are gone.
    private func revision(
        of transaction: StoredTransaction, _ root: JSONObject, generatedIDs: [UInt8]?
    ) -> Advance.Revision {
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
        return Advance.Revision(
            payload: writer.bytes, previous: transaction.records, changes: revised.changes, generatedIDs: generatedIDs)
    }
}
