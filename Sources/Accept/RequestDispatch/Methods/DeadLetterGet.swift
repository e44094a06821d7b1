// SPDX-License-Identifier: MIT
import JSON
import TransactionBuffering
import WireProtocol

/// `dead_letter.get {transaction_id}` -> `{record, raw?}`
struct DeadLetterGet: Method {
    let name = "dead_letter.get"

    func call(_ params: Params, _ context: RequestContext) async throws(WireError) -> [UInt8] {
        let id = try params.transactionID()
        do {
            let record = context.record(try await context.services.deadLetters.get(id))
            let raw = try await context.services.deadLetters.raw(id)
            return try context.fitting(
                json(capacity: record.count + 16 + (raw?.count ?? 0)) { writer in
                    writer.beginObject()
                    writer.name("record")
                    writer.raw(record)
                    if let raw {
                        writer.name("raw")
                        writer.value(String(validating: raw, as: UTF8.self).map { .string($0) } ?? .bytes(raw))
                    }
                    writer.endObject()
                })
        } catch {
            throw WireError(error)
        }
    }
}
