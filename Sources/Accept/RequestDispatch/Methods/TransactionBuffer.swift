// SPDX-License-Identifier: MIT
import JSON
import Keyspace
import TransactionBuffering
import TransactionModel
import WireProtocol

/// `transaction.buffer {transaction}` -> receipt
struct TransactionBuffer: Method {
    let name = "transaction.buffer"
    let isOrdered = true

    func call(_ params: Params, _ context: RequestContext) async throws(WireError) -> [UInt8] {
        let transaction = try params.required("transaction")
        do {
            return try await context.services.transactions.buffer(transaction, willWait: context.willWait).jsonBytes
        } catch {
            throw WireError(error)
        }
    }
}

extension Receipt {
    var jsonBytes: [UInt8] {
        json(capacity: 192 + generatedIDs.count) { writer in
            writer.beginObject()
            writer.member("transaction_id", transactionID.string)
            writer.member("status", status?.rawValue ?? "queued")
            writer.name("generated_ids")
            writer.raw(generatedIDs)
            writer.member("durability", durability.rawValue)
            writer.member("duplicate", isDuplicate)
            writer.endObject()
        }
    }
}
