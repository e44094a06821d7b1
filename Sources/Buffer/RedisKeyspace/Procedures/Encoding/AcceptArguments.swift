// SPDX-License-Identifier: MIT
import JSON
import Keyspace
import TransactionModel

/// A transaction as ``AcceptScript`` takes it.
///
/// Its records stand after their count, each with `{model}:{id}`, the number of its changes, and for each change the
/// step's id, `"row":n,` in a bulk step and else nothing, the operation, and the changed columns as raw JSON. Where the
/// change is the only one, its columns follow as the fields of `read_buffer`: how many arguments, then names and
/// values.
extension ProcedureArguments {
    mutating func append(_ accept: Accept) {
        let stored = StoredTransaction(payload: accept.payload)
        appendCounted { arguments in
            arguments.append(accept.transactionID.string)
            arguments.append(accept.payload)
            let createdAt = accept.acceptedAt.description
            arguments.append(accept.state(stored, createdAt: createdAt))
            arguments.append(createdAt)
            arguments.appendMilliseconds(accept.acceptedAt)
            arguments.append(accept.changes, of: stored)
        }
    }

    /// The records of a transaction, in the order of their first changes.
    mutating func append(_ changes: [RecordChange], of stored: StoredTransaction?) {
        guard let steps = stored?.steps else { return append(0) }
        let valid = changes.filter { steps.indices.contains($0.step) && steps[$0.step].rows.indices.contains($0.row) }
        if valid.count == 1 {
            append(1)
            return append(valid[0].record, valid[0...], steps)
        }
        var order: [RecordKey] = []
        var grouped: [RecordKey: [RecordChange]] = [:]
        for change in valid {
            if grouped[change.record] == nil { order.append(change.record) }
            grouped[change.record, default: []].append(change)
        }
        append(order.count)
        for record in order { append(record, (grouped[record] ?? [])[...], steps) }
    }

    private mutating func append(_ record: RecordKey, _ changes: ArraySlice<RecordChange>, _ steps: [Step]) {
        append(record.keySuffix)
        append(changes.count)
        for change in changes {
            let step = steps[change.step]
            append(step.id)
            append(step.operation.isBulk ? "\"row\":\(change.row)," : "")
            append(step.operation.rawValue)
            append(step.rows[change.row].data.map { Array($0.rawBytes) } ?? Array("{}".utf8))
        }
        guard let only = changes.first, changes.count == 1 else { return }
        appendCounted { arguments in
            let step = steps[only.step]
            guard step.operation.setsColumns, let data = step.rows[only.row].data else { return }
            for (name, value) in data.members {
                arguments.append(name.withStringBytes { Array($0) } ?? [])
                arguments.append(Array(value.rawBytes))
            }
        }
    }
}

extension StepOperation {
    /// The values in its data are those of the columns.
    fileprivate var setsColumns: Bool {
        switch self {
        case .create, .bulkCreate, .upsert, .update, .bulkUpdate: true
        case .increment, .delete, .query: false
        }
    }
}

extension Accept {
    /// The state's text without its end, `,"sequence":n}`, which the script knows.
    func state(_ stored: StoredTransaction?, createdAt: String) -> [UInt8] {
        var state: [UInt8] = []
        state.reserveCapacity(192)
        state += "{\"hash\":\"".utf8
        state.appendHexadecimal(contentHash.bytes)
        state += "\",\"bytes\":\(payload.count),\"created_at\":\"\(createdAt)\"".utf8
        if let offset = stored.flatMap({ payload.generatedIDsOffset($0.root) }) { state += ",\"cut\":\(offset)".utf8 }
        return state
    }
}

extension [UInt8] {
    /// Where `,"generated_ids":{...}` begins, if it is the last member.
    func generatedIDsOffset(_ root: JSONView) -> Int? {
        guard let value = root["generated_ids"]?.rawRange, value.upperBound == count - 1 else { return nil }
        let name = Array(",\"generated_ids\":".utf8)
        let start = value.lowerBound - name.count
        return start > 0 && self[start..<value.lowerBound].elementsEqual(name) ? start : nil
    }

    fileprivate mutating func appendHexadecimal(_ bytes: [UInt8]) {
        for byte in bytes {
            append(Self.digit(byte >> 4))
            append(Self.digit(byte & 15))
        }
    }

    private static func digit(_ value: UInt8) -> UInt8 { value < 10 ? value + 48 : value + 87 }
}
