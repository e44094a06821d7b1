// SPDX-License-Identifier: MIT
import JSON
import Keyspace
import TransactionModel

/// Changes as ``AdvanceScript`` takes them: name, id, values, held keys, released records; the last three each a list
/// after its count. A requeued transaction's new records follow, none where it was not revised.
extension ProcedureArguments {
    mutating func append(_ advance: Advance) {
        append(advance.at)
        appendMilliseconds(advance.at)
        append(advance.token.map { String($0) } ?? "")
        for change in advance.changes { append(change) }
    }

    private mutating func append(_ change: Advance.Change) {
        switch change {
        case .committed(let id, let position, let generatedIDs):
            let values = [Array(position.description.utf8), Array(position.score.utf8), generatedIDs ?? []]
            append("committed", id, values)
        case .returned(let id): append("returned", id)
        case .retrying(let id, let attempts, let due, let error, let held):
            let milliseconds = String(due.microseconds.flooredMilliseconds)
            let texts = [String(attempts), due.description, milliseconds]
            append("retrying", id, texts.map { Array($0.utf8) } + [error.json], held: held)
        case .dead(let id, let error, let held, let released):
            append("dead", id, [error.json], held: held, records: released)
        case .parked(let id, let blocker, let held): append("parked", id, [Array(blocker.string.utf8)], held: held)
        case .due(let id): append("due", id)
        case .requeued(let id, let revised):
            guard let revised else {
                append("requeued", id, [[], [], []])
                return append(0)
            }
            let stored = StoredTransaction(payload: revised.payload)
            let cut = stored.flatMap { revised.payload.generatedIDsOffset($0.root) }.map { Array(String($0).utf8) }
            let values = [revised.payload, cut ?? [], revised.generatedIDs ?? []]
            append("requeued", id, values, records: revised.previous)
            append(revised.changes, of: stored)
        case .cancelled(let id, let released): append("cancelled", id, records: released)
        case .discarded(let id, let released): append("discarded", id, records: released)
        case .reverted(let id): append("reverted", id)
        }
    }

    private mutating func append(
        _ name: String, _ id: TransactionID, _ values: [[UInt8]] = [], held: [ConflictKey] = [],
        records: [RecordKey] = []
    ) {
        append(name)
        append(id.string)
        append(values.count)
        for value in values { append(value) }
        append(held.map { "\($0.use.rawValue):\($0.name.string)" })
        append(records.map(\.keySuffix))
    }
}

extension Position {
    /// As a score: the value, or the next double above it.
    var score: String {
        let nearest = Double(value)
        if nearest >= 0x1p64 { return "18446744073709551616" }
        let score = UInt64(nearest) < value ? nearest.nextUp : nearest
        return score >= 0x1p64 ? "18446744073709551616" : String(UInt64(score))
    }
}
