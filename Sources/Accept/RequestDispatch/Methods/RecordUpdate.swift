// SPDX-License-Identifier: MIT
import JSON
import TransactionBuffering
import WireProtocol

/// `record.update {model, id, changes, transaction_id?}` -> receipt; a transaction of one `update` step
struct RecordUpdate: Method {
    let name = "record.update"
    let isOrdered = true

    func call(_ params: Params, _ context: RequestContext) async throws(WireError) -> [UInt8] {
        let model = try params.required("model")
        let id = try params.required("id")
        let changes = try params.required("changes")
        let text = json(capacity: 512) { writer in
            writer.beginObject()
            if let transactionID = params["transaction_id"] {
                writer.name("transaction_id")
                writer.raw(transactionID)
            }
            writer.name("steps")
            writer.beginArray()
            writer.beginObject()
            writer.member("step_id", "update")
            writer.member("operation", "update")
            writer.name("model")
            writer.raw(model)
            writer.name("id")
            writer.raw(id)
            writer.name("data")
            writer.raw(changes)
            writer.endObject()
            writer.endArray()
            writer.endObject()
        }
        guard let transaction = try? JSONDocument(parsing: text).root else {
            throw WireError(.invalidParams, "The parameters nest too deep.")
        }
        do {
            if context.session.scope.isOpen { return try await context.queue(transaction) }
            return try await context.services.transactions.buffer(
                transaction, before: context.deadline, willWait: context.willWait
            ).jsonBytes
        } catch {
            throw WireError((error as? BufferingError).map(Self.renamed) ?? error)
        }
    }

    /// The places of the transaction as places of this method's parameters.
    private static func renamed(_ error: BufferingError) -> BufferingError {
        var error = error
        error.path = error.path.map { path in
            for (prefix, name) in [("steps[0].data", "changes"), ("steps[0].", "")] where path.hasPrefix(prefix) {
                return name + path.dropFirst(prefix.count)
            }
            return path
        }
        return error
    }
}
