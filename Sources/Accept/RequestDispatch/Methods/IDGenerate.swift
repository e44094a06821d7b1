// SPDX-License-Identifier: MIT
import JSON
import TransactionBuffering
import TransactionModel
import WireProtocol

/// `id.generate {model, count?}` -> `{ids[]}`: ids that a client may use as primary keys
struct IDGenerate: Method {
    static let countMax = 1000

    let name = "id.generate"

    func call(_ params: Params, _ context: RequestContext) async throws(WireError) -> [UInt8] {
        let model = try params.requiredString("model")
        let count = try params.integer("count", in: 1...Self.countMax) ?? 1
        let transactions = context.services.transactions
        if let schema = transactions.schema.schema {
            guard let table = schema[model] else {
                throw WireError(.validationFailed, "model names no table of the main database.", path: "model")
            }
            guard let type = table.keyColumns.first?.type, table.primaryKey.count == 1,
                type == .text || type == .uuid || type == .any
            else {
                throw WireError(
                    .validationFailed, "The key of this model can't be generated here: it is no text or UUID.",
                    path: "model")
            }
        }
        var generator = SystemRandomNumberGenerator()
        let time = transactions.currentTime
        return json(capacity: 40 * count + 16) { writer in
            writer.beginObject()
            writer.strings("ids", (0..<count).map { _ in UUIDText.version7(at: time, using: &generator) })
            writer.endObject()
        }
    }
}
