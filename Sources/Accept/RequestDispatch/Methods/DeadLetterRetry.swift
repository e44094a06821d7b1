// SPDX-License-Identifier: MIT
import JSON
import TransactionBuffering
import TransactionModel
import WireProtocol

/// `dead_letter.retry {transaction_ids | filter | all: true, changes?}` -> `{retried[], failed[{transaction_id, kind}]}`
struct DeadLetterRetry: Method {
    static let changesMax = 1000

    let name = "dead_letter.retry"

    func call(_ params: Params, _ context: RequestContext) async throws(WireError) -> [UInt8] {
        let selection = try params.deadLetterSelection()
        let letters = context.services.deadLetters
        do {
            guard let changes = try changes(params) else {
                let (retried, failed) = try await letters.retry(selection)
                return answer(retried, failed)
            }
            guard case .transactions(let ids) = selection, ids.count == 1 else {
                throw WireError(.invalidParams, "changes go with exactly one transaction id.", path: "transaction_ids")
            }
            try await letters.retry(ids[0], changes: changes)
            return answer(ids, [])
        } catch {
            throw WireError(error)
        }
    }

    private func changes(_ params: Params) throws(WireError) -> [DeadLetters.Change]? {
        guard let list = try params.array("changes", countMax: Self.changesMax) else { return nil }
        var changes: [DeadLetters.Change] = []
        for (index, element) in list.enumerated() {
            guard let step = element["step_id"]?.string, let data = element["data"] else {
                throw WireError(.invalidParams, "A change has step_id and data.", path: "changes[\(index)]")
            }
            changes.append(DeadLetters.Change(step: step, data: data, path: "changes[\(index)]"))
        }
        return changes
    }

    private func answer(_ retried: [TransactionID], _ failed: [DeadLetters.Failure]) -> [UInt8] {
        json { writer in
            writer.beginObject()
            writer.strings("retried", retried.map(\.string))
            writer.name("failed")
            writer.beginArray()
            for failure in failed {
                writer.beginObject()
                writer.member("transaction_id", failure.transactionID.string)
                writer.member("kind", failure.kind)
                writer.endObject()
            }
            writer.endArray()
            writer.endObject()
        }
    }
}
