// SPDX-License-Identifier: MIT
import JSON
import Keyspace
import TransactionBuffering
import TransactionModel
import WireProtocol

/// `transaction.buffer {transaction}` -> receipt
struct TransactionBuffer: DirectMethod {
    let name = "transaction.buffer"
    let isOrdered = true

    func call(_ params: Params, _ context: RequestContext) async throws(WireError) -> [UInt8] {
        let transaction = try params.required("transaction")
        do {
            if context.session.scope.isOpen { return try await context.queue(transaction) }
            return try await context.services.transactions.buffer(
                transaction, before: context.deadline, willWait: context.willWait
            ).jsonBytes
        } catch {
            throw WireError(error as any Error)
        }
    }
}

extension TransactionBuffer {
    func begin(
        _ params: Params, _ services: Services, _ completion: @escaping @Sendable (Result<[UInt8], WireError>) -> Void
    ) -> Bool {
        guard let transaction = params["transaction"] else { return false }
        return services.transactions.begin(transaction) { result in
            completion(result.map(\.jsonBytes).mapError { WireError($0) })
        }
    }
}

extension Receipt {
    var jsonBytes: [UInt8] { jsonBytes(future: nil) }

    /// - Parameter future: Of a queued accept: its index in the result of the commit.
    func jsonBytes(future: Int?) -> [UInt8] {
        json(capacity: 192 + generatedIDs.count) { writer in
            writer.beginObject()
            writer.member("transaction_id", transactionID.string)
            writer.member("status", status?.rawValue ?? "queued")
            writer.name("generated_ids")
            writer.raw(generatedIDs)
            writer.member("durability", durability.rawValue)
            writer.member("duplicate", isDuplicate)
            if let future { writer.member("future", Int64(future)) }
            writer.endObject()
        }
    }
}
